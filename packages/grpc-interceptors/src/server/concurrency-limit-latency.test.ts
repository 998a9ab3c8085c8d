import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TypicalLatency } from "./concurrency-limit-latency.ts";

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

  it("comes near the median whatever the outliers, and follows it", () => {
    const tenths = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 500 }), tenths, (medianMs, jitters) => {
        const latency = new TypicalLatency();
        for (let sample = 0; sample < 2_000; sample += 1) {
          const jitter = 0.75 + (jitters[sample % jitters.length] ?? 0) / 20;
          latency.add(sample % 10 === 0 ? medianMs * 50 : medianMs * jitter);
        }
        expect(latency.ms).toBeGreaterThan(medianMs * 0.6);
        expect(latency.ms).toBeLessThan(medianMs * 1.6);
        for (let sample = 0; sample < 500; sample += 1) {
          latency.add(1);
        }
        expect(latency.ms).toBeLessThan(1.5);
      }),
      { numRuns: 100 },
    );
  });
});
