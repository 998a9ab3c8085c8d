import { describe, expect, it } from "vitest";
import { toChart } from "./chart.ts";
import { exampleReport } from "./example-report.ts";

const chart = toChart(exampleReport);

describe("toChart", () => {
  it("draws a bar for each engine of the main scenarios, as long as its ratio", () => {
    const bars = [...chart.matchAll(/<rect class="(\w+)"[^>]* width="(\d+)"/g)];
    expect(bars.map(([, kind, length]) => [kind, Number(length)])).toEqual([
      ["other", 200],
      ["own", 214],
      ["own", 280],
      ["other", 250],
      ["other", 200],
      // The longest that there is: its figure says how long it would be.
      ["other", 500],
    ]);
    expect(chart).toContain(">6.17</text>");
  });

  it("is XML, whatever a processor is called", () => {
    expect(chart).toContain("Fast &amp; &lt;Cheap>");
    for (const [, name] of chart.matchAll(/<(g|text|svg|style)[ >]/g)) {
      expect(count(new RegExp(`<${name}[ >]`, "g"))).toBe(count(new RegExp(`</${name}>`, "g")));
    }
  });

  it("has colours for a dark ground, too", () => {
    expect(chart).toContain("prefers-color-scheme: dark");
  });

  it("leaves out what was not measured", () => {
    expect(chart).not.toContain("clients:");
    expect(toChart({ ...exampleReport, scenarios: [] })).not.toContain("<rect");
  });
});

function count(pattern: RegExp): number {
  return chart.match(pattern)?.length ?? 0;
}
