import type { Group, Scenario } from "../result.ts";
import type { Report } from "./report.ts";

interface Bar {
  readonly engine: string;
  readonly ratio: number;
}

/** What the chart shows: the scenarios that say most in the least room. */
const charted: readonly (readonly [Group, string])[] = [
  ["servers", "unary, 32 in flight"],
  ["servers", "server stream of 20,000 messages"],
  ["servers", "client stream of 20,000 messages"],
  ["memory", "1,000 idle connections"],
  ["clients", "unary, 32 in flight"],
];

const [width, barsAt, barsWidth, rowHeight, headHeight] = [760, 190, 500, 22, 44];
// A bar longer than this would make the others too short to compare.
const maxRatio = 2.5;

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .note { fill: #59636e }
  .other { fill: #9aa4af }
  .own { fill: #0969da }
  .one { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .other { fill: #656c76 }
    .own { fill: #4493f8 }
    .one { stroke: #9198a1 }
  }`;

/** Bars of the ratios of the main scenarios, to be read on a light ground and on a dark one. */
export function toChart({ environment, scenarios }: Report): string {
  const shown = charted.flatMap(([group, title]) =>
    scenarios.filter((scenario) => scenario.group === group && scenario.title === title),
  );
  const blocks: string[] = [];
  let top = 0;
  for (const scenario of shown) {
    blocks.push(`<g transform="translate(0 ${top})">${toBlock(scenario)}</g>`);
    top += headHeight + scenario.figures.length * rowHeight;
  }
  const { cpu, cores, node, date } = environment;
  const notes = [
    `Shorter is better; 1 is grpc-js alone, and bars end at ${maxRatio}.`,
    `${cpu}, ${cores} cores, Node.js ${node}, ${date}`,
  ];
  const height = top + 60;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="What calls, messages and connections cost, in ratios to grpc-js">
<style>${style}
</style>
${blocks.join("\n")}
${notes.map((note, index) => `<text class="note" x="8" y="${top + 26 + index * 20}">${escapeXml(note)}</text>`).join("\n")}
</svg>
`;
}

function toBlock(scenario: Scenario): string {
  const bars: readonly Bar[] = scenario.figures;
  const what = scenario.unit === "µs" ? "CPU time" : "memory";
  const title = `${scenario.group}: ${scenario.title}, ${what} for each ${scenario.per}`;
  const one = barsAt + lengthOf(1);
  const bottom = headHeight + bars.length * rowHeight - 4;
  return [
    `<text class="title" x="8" y="30">${escapeXml(title)}</text>`,
    ...bars.map((bar, index) => toBar(bar, headHeight + index * rowHeight)),
    `<line class="one" x1="${one}" x2="${one}" y1="${headHeight - 4}" y2="${bottom}"/>`,
  ].join("\n");
}

function toBar({ engine, ratio }: Bar, top: number): string {
  const length = lengthOf(ratio);
  const kind = /^grpc-(server|client)/.test(engine) ? "own" : "other";
  const [text, end] = [top + 13, barsAt + length + 8];
  return [
    `<text x="${barsAt - 8}" y="${text}" text-anchor="end">${escapeXml(engine)}</text>`,
    `<rect class="${kind}" x="${barsAt}" y="${top}" width="${length}" height="17" rx="2"/>`,
    `<text class="note" x="${end}" y="${text}">${ratio.toFixed(2)}</text>`,
  ].join("");
}

function lengthOf(ratio: number): number {
  const inside = Math.min(Math.max(ratio, 0), maxRatio);
  return Math.round((inside / maxRatio) * barsWidth) || 0;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
