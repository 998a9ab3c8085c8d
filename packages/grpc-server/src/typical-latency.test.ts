import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TypicalLatency } from "./typical-latency.ts";

describe("TypicalLatency", () => {
  it("says nothing until it knows enough", () => {
    const latency = new TypicalLatency();
    for (let samples = 0; samples < 49; samples += 1) {
      latency.add(100);
    }
    expect(latency.ms).toBe(0);
    latency.add(100);
    expect(latency.ms).toBeGreaterThan(0);
  });

  it("comes near the median, whatever the outliers, and follows it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 500 }), fc.integer(), (median, seed) => {
        const latency = new TypicalLatency();
        const random = fc.sample(fc.integer({ min: 0, max: 999 }), { seed, numRuns: 2_000 });
        for (const draw of random) {
          latency.add(draw < 100 ? median * 50 : median * (0.5 + draw / 1_100));
        }
        expect(latency.ms).toBeGreaterThan(median * 0.4);
        expect(latency.ms).toBeLessThan(median * 2.5);
        for (let samples = 0; samples < 400; samples += 1) {
          latency.add(1);
        }
        expect(latency.ms).toBeLessThan(1.5);
      }),
      { numRuns: 30 },
    );
  });
});
