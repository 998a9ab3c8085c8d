/** How the page makes its parts, keeps them from one answer to the next, and writes numbers. */
export const drawingScript: string = `
const byId = (id) => document.getElementById(id);

function make(tag, className = "", content = "", attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  if (Array.isArray(content)) node.append(...content);
  else node.textContent = content;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// What has not changed is left alone, so that readers of the screen are not told again.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const kept = new WeakMap();

// Gives a list one node for each entry, in their order; those that are there already are used again.
function keep(list, entries, keyOf, makeNode, update) {
  const before = kept.get(list) ?? new Map();
  const nodes = new Map(entries.map((entry) => [keyOf(entry), before.get(keyOf(entry)) ?? makeNode(entry)]));
  const wanted = [...nodes.values()];
  if (wanted.length !== list.children.length || wanted.some((node, index) => list.children[index] !== node)) {
    list.replaceChildren(...wanted);
  }
  entries.forEach((entry) => update(nodes.get(keyOf(entry)), entry));
  kept.set(list, nodes);
}

// Roles are said, as CSS takes those of tables away that it lays out otherwise.
function tableIn(section, className, caption, columns) {
  const existing = section.querySelector("tbody");
  if (existing !== null) return existing;
  const heads = columns.map((name, index) =>
    make("th", index > 0 && name !== "Results" ? "number" : "", name, { scope: "col", role: "columnheader" }));
  const body = make("tbody", "", "", { role: "rowgroup" });
  section.append(make("table", className, [
    make("caption", "", caption),
    make("thead", "", [make("tr", "", heads, { role: "row" })], { role: "rowgroup" }),
    body,
  ], { role: "table" }));
  return body;
}

function cell(className, label = "", content = "") {
  return make("td", className, content, { role: "cell", ...(label === "" ? {} : { "data-label": label }) });
}

function sparkline() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { class: "spark", viewBox: "0 0 120 24", preserveAspectRatio: "none", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  for (const name of ["area", "line"]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", name);
    svg.append(path);
  }
  return svg;
}

// The latest is at the right, where it enters.
function draw(svg, history) {
  const values = history.length === 1 ? [history[0], history[0]] : history;
  const most = Math.max(1, ...values);
  const points = values.map((value, index) =>
    (120 * (index + 120 - values.length) / 119).toFixed(1) + " " + (22.5 - 20 * value / most).toFixed(1));
  const line = points.length === 0 ? "" : "M" + points.join("L");
  const from = points.length === 0 ? "" : points[0].split(" ")[0];
  svg.firstChild.setAttribute("d", line === "" ? "" : line + "L120 24L" + from + " 24Z");
  svg.lastChild.setAttribute("d", line);
}

const count = (value) => (value === null ? "–" : value.toLocaleString("en"));
const percent = (part) => (part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0) + " %";

function rate(value) {
  return value === null ? "–" : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function latency(latencies, name) {
  const seconds = latencies[name];
  return seconds !== null && seconds === latencies.bound ? "> " + duration(seconds) : duration(seconds);
}

function duration(seconds) {
  if (seconds === null) return "–";
  if (seconds >= 60) return age(seconds);
  if (seconds >= 1) return seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
  return (seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0) + " ms";
}

function age(seconds) {
  if (seconds === null) return "–";
  const whole = Math.floor(seconds);
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  if (first === -1) return "0 s";
  return units.slice(first, first + 2).map(([size, name], index) =>
    Math.floor((index === 0 ? whole : whole % units[first][0]) / size) + " " + name).join(" ");
}
`;
