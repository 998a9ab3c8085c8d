import { drawingScript } from "./page-script-drawing.ts";

// Names come from descriptors, targets and settings: they are set as text, and as nothing else.
const showingScript = `
function traffic(section, snapshot, caption) {
  section.hidden = snapshot === null;
  if (snapshot === null) return;
  const body = tableIn(section, "calls", caption, ["Method", "Calls / s", "p50", "p95", "p99", "In flight", "Results"]);
  // Those of the program first, then what every server has, then what nobody has called.
  const rank = ({ started, service }) => (started === 0 ? 2 : service.startsWith("grpc.") ? 1 : 0);
  const methods = [...snapshot.methods].sort((a, b) => rank(a) - rank(b));
  keep(body, methods, ({ service, method }) => service + "/" + method, ({ service, method, type }) => {
    const kind = type === "unary" ? "" : type.replaceAll("_", " ");
    return make("tr", "", [
      make("th", "", [make("span", "name", method), make("span", "kind", kind), make("small", "", service)], { scope: "row" }),
      cell("rates number", "Calls / s", [make("div", "rate", [sparkline(), make("span")])]),
      cell("number", "p50"), cell("number", "p95"), cell("number", "p99"), cell("number", "In flight"),
      cell("results", "", [make("div", "chips")]),
    ]);
  }, (row, method) => {
    const [, rates, p50, p95, p99, inFlight, results] = row.children;
    row.classList.toggle("idle", method.started === 0);
    draw(rates.firstChild.firstChild, method.history);
    say(rates.firstChild.lastChild, rate(method.callsPerSecond));
    say(p50, latency(method.latency, "p50"));
    say(p95, latency(method.latency, "p95"));
    say(p99, latency(method.latency, "p99"));
    say(inFlight, count(method.inFlight));
    chips(results.firstChild, method.codes);
  });
}

function chips(list, codes) {
  const rank = ({ code, isServerFault }) => (code === "OK" ? 0 : isServerFault ? 1 : 2);
  const order = [...codes].sort((a, b) => rank(a) - rank(b));
  keep(list, order, ({ code }) => code, () => make("span", "chip"), (chip, { code, total, recent, isServerFault }) => {
    const isFailure = code !== "OK";
    chip.className = "chip" + (isServerFault ? " bad" : isFailure ? " warn" : "") + (isFailure && recent > 0 ? " recent" : "");
    const sign = isServerFault ? "✕ " : isFailure ? "! " : "";
    say(chip, sign + code + " " + count(total) + (isFailure && recent > 0 ? " (+" + count(recent) + ")" : ""));
  });
}

function tiles(section, snapshot) {
  section.hidden = snapshot === null;
  if (snapshot === null) return;
  if (section.firstChild === null) {
    section.append(...["Calls per second", "Failed", "Latency p95", "In flight"].map((name) =>
      make("div", "card tile", [make("h2", "", name), make("p", "big"), make("p", "note")])));
    section.firstChild.append(sparkline());
  }
  const { callsPerSecond, history, latency: times, inFlight, codes } = snapshot.total;
  const recent = (matches) => codes.filter(matches).reduce((sum, code) => sum + code.recent, 0);
  const [all, faults] = [recent(() => true), recent((code) => code.isServerFault)];
  const refused = recent((code) => code.code !== "OK") - faults;
  const [calls, failed, slow, running] = [...section.children].map(({ children }) => children);
  say(calls[1], rate(callsPerSecond));
  say(calls[2], callsPerSecond === null ? "Measuring" : "");
  draw(calls[3], history);
  say(failed[1], all === 0 ? "–" : percent((faults + refused) / all));
  const whose = count(faults) + " by the server, " + count(refused) + " by callers";
  say(failed[2], all === 0 ? "" : faults + refused === 0 ? "Of " + count(all) + " calls" : whose);
  failed[2].classList.toggle("alert", faults > 0);
  say(slow[1], latency(times, "p95"));
  say(slow[2], times.p50 === null ? "" : "p50 " + latency(times, "p50") + ", p99 " + latency(times, "p99"));
  say(running[1], count(inFlight));
}

const circuitStates = { closed: ["good", "✓ Closed"], "half-open": ["warn", "! Half-open"], open: ["bad", "✕ Open"] };

function lists({ dependencies, circuits }) {
  items(byId("dependencies"), dependencies, ({ name }) => name, ({ name }) => [name, ""],
    ({ isHealthy }) => (isHealthy ? ["good", "✓ Healthy"] : ["bad", "✕ Unhealthy"]));
  items(byId("circuits"), circuits, ({ target, method }) => target + " " + method, ({ target, method }) => [method.slice(method.lastIndexOf("/") + 1), method.split("/").at(-2) + " at " + target],
    ({ state }) => circuitStates[state]);
}

function items(section, entries, keyOf, namesOf, stateOf) {
  section.hidden = entries.length === 0;
  const list = section.querySelector("ul") ?? section.appendChild(make("ul", "list"));
  keep(list, entries, keyOf, (entry) => {
    const [name, note] = namesOf(entry);
    return make("li", "", [make("div", "", [make("span", "name", name), make("small", "", note)]), make("span", "chip")]);
  }, (item, entry) => {
    const [kind, text] = stateOf(entry);
    item.lastChild.className = "chip " + kind;
    say(item.lastChild, text);
  });
}

function workers({ workers: processes, pool }) {
  byId("workers").hidden = processes.length === 0 && pool === null;
  byId("pool").hidden = pool === null;
  say(byId("pool"), pool === null ? "" : poolText(pool));
  const body = tableIn(byId("workers"), "", "Processes", ["Process", "Memory", "Event-loop delay", "Up"]);
  keep(body, processes, ({ pid }) => pid, ({ pid }) =>
    make("tr", "", [make("th", "", pid, { scope: "row" }), cell("number"), cell("number"), cell("number")]),
  (row, { memoryBytes, eventLoopDelaySeconds, uptimeSeconds }) => {
    const [, memory, delay, up] = row.children;
    say(memory, memoryBytes === null ? "–" : count(Math.round(memoryBytes / 2 ** 20)) + " MiB");
    say(delay, duration(eventLoopDelaySeconds));
    say(up, age(uptimeSeconds));
  });
}

function poolText({ running, ready, unanswered, restarts }) {
  const replaced = restarts.filter(({ count }) => count > 0).map(({ cause, count: times }) => times + " " + cause.replaceAll("_", " "));
  return [
    ready + " of " + running + " ready",
    ...(unanswered > 0 ? [unanswered + " did not answer"] : []),
    "restarts: " + (replaced.length === 0 ? "none" : replaced.join(", ")),
  ].join(" · ");
}

function state(kind, text) {
  byId("state").className = "state " + kind;
  say(byId("state"), text);
}

function show(status) {
  const { title, isReady } = status;
  document.title = isReady ? title : "Not ready: " + title;
  say(byId("title"), title);
  say(byId("uptime"), "Up " + age(status.uptimeSeconds));
  state(isReady ? "good" : "bad", isReady ? "✓ Ready" : "✕ Not ready");
  tiles(byId("now"), status.server);
  traffic(byId("server"), status.server, "Calls served, by method");
  traffic(byId("client"), status.client, "Calls made, by method");
  byId("empty").hidden = status.server !== null || status.client !== null;
  lists(status);
  workers(status);
}

let answeredAt = new Date();
let refreshMs = 1000;
let isAsking = false;
let timer;

async function ask() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  clearTimeout(timer);
  const status = await fetchStatus();
  byId("main").classList.toggle("stale", status === undefined);
  if (status === undefined) {
    state("warn", "! Stale since " + answeredAt.toLocaleTimeString("en-GB"));
    document.title = "Stale: " + byId("title").textContent;
  } else {
    answeredAt = new Date();
    refreshMs = status.refreshMs;
    show(status);
  }
  isAsking = false;
  timer = setTimeout(ask, refreshMs);
}

async function fetchStatus() {
  try {
    const response = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

document.addEventListener("visibilitychange", ask);
ask();
`;

export const pageScript: string = `"use strict";\n${drawingScript}${showingScript}`;
