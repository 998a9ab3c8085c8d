import { describe, expect, it } from "vitest";
import { parseMetrics } from "./metrics.ts";

const metrics = parseMetrics(`# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{method="Get",code="OK"} 3
calls_total{method="Get",code="Internal"} 1
calls_total{method="List",code="OK"} 5
said{text="a \\"b\\", {c}\\n\\\\d"} 2
seconds_bucket{le="+Inf"} 9
running 7
limit +Inf
`);

describe("parseMetrics", () => {
  it("sums the samples that have the labels", () => {
    expect(metrics.sum("calls_total")).toBe(9);
    expect(metrics.sum("calls_total", { method: "Get" })).toBe(4);
    expect(metrics.sum("calls_total", { method: "Get", code: "OK" })).toBe(3);
    expect(metrics.sum("calls_total", { method: "Get", other: "OK" })).toBe(0);
    expect(metrics.sum("calls")).toBe(0);
  });

  it("reads samples without labels, infinite ones and escaped labels", () => {
    expect(metrics.sum("running")).toBe(7);
    expect(metrics.sum("limit")).toBe(Number.POSITIVE_INFINITY);
    expect(metrics.sum("seconds_bucket", { le: "+Inf" })).toBe(9);
    expect(metrics.sum("said", { text: 'a "b", {c}\n\\d' })).toBe(2);
  });

  it("counts the series", () => {
    expect(metrics.count("calls_total")).toBe(3);
    expect(metrics.count()).toBe(7);
  });
});
