import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdaptiveLimit, type AdaptiveLimitOptions } from "./adaptive-limit.ts";

interface Load {
  readonly windows: number;
  /** How many calls run at once without waiting for each other. */
  readonly capacity: number;
  readonly serviceMs: number;
  /** How many calls come at once. Default: more than any limit. */
  readonly demand?: number;
  readonly noise?: () => number;
}

/** A server under load: past its capacity, each call takes longer by what it waits for the others. */
function simulation(options: AdaptiveLimitOptions = {}) {
  const limit = new AdaptiveLimit({ minLimit: 5, maxLimit: 1_000, ...options });
  let now = 1;
  const run = ({ windows, capacity, serviceMs, demand = 2_000, noise = () => 1 }: Load): number => {
    for (let window = 0; window < windows; window += 1) {
      const inFlight = Math.min(demand, limit.limit);
      for (let sample = 0; sample < 20; sample += 1) {
        const durationMs = serviceMs * noise() * Math.max(1, inFlight / capacity);
        now += 60;
        limit.add({ durationMs, inFlight, isComplete: true, endedAt: now });
      }
    }
    return limit.limit;
  };
  return { limit, run };
}

const usual = { capacity: 100, serviceMs: 50 };

describe("AdaptiveLimit", () => {
  it("F2 comes near what the server can do, and stays there", () => {
    const { run } = simulation();
    run({ ...usual, windows: 150 });
    for (let minute = 0; minute < 5; minute += 1) {
      const limit = run({ ...usual, windows: 20 });
      expect(limit).toBeGreaterThan(usual.capacity);
      expect(limit).toBeLessThan(usual.capacity * 2.5);
    }
  });

  it("F2 shrinks when the server becomes slow, and recovers when it is itself again", () => {
    const { run } = simulation();
    const before = run({ ...usual, windows: 200 });
    const during = run({ ...usual, capacity: 10, windows: 30 });
    expect(during).toBeLessThan(before / 3);
    const after = run({ ...usual, windows: 300 });
    expect(after).toBeGreaterThan(before * 0.8);
  });

  it("does not grow without demand", () => {
    const { run } = simulation();
    expect(run({ ...usual, windows: 300, demand: 4 })).toBe(20);
  });

  it("is not misled by failures that are fast, nor by callers that give up at once", () => {
    const { limit, run } = simulation();
    const before = run({ ...usual, windows: 100 });
    for (let sample = 0; sample < 100_000; sample += 1) {
      limit.add({ durationMs: 1, inFlight: before, isComplete: false, endedAt: 1e6 + sample });
    }
    expect(limit.limit).toBe(before);
    expect(run({ ...usual, windows: 1 })).toBeGreaterThanOrEqual(before - 2);
  });

  it("takes no failures for what is usual when it knows nothing yet", () => {
    const { limit, run } = simulation();
    for (let sample = 0; sample < 100; sample += 1) {
      limit.add({ durationMs: 0.1, inFlight: 20, isComplete: false, endedAt: 1 + sample * 100 });
    }
    expect(run({ ...usual, windows: 100 })).toBeGreaterThan(60);
  });

  it("learns from calls that were cut off after longer than usual", () => {
    const { limit, run } = simulation();
    const before = run({ ...usual, windows: 100 });
    let endedAt = 1e6;
    for (let sample = 0; sample < 500; sample += 1) {
      endedAt += 100;
      limit.add({ durationMs: 5_000, inFlight: before, isComplete: false, endedAt });
    }
    expect(limit.limit).toBeLessThan(before / 2);
  });

  it("stays within its bounds, whatever comes", () => {
    const sample = fc.record({
      durationMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })),
      inFlight: fc.integer({ min: 1, max: 10_000 }),
      isComplete: fc.boolean(),
      wait: fc.integer({ min: 0, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 50, maxLength: 400 }), (samples) => {
        const limit = new AdaptiveLimit({ minLimit: 3, maxLimit: 50, initialLimit: 10 });
        let endedAt = 1;
        for (const { wait, ...rest } of samples) {
          endedAt += wait;
          limit.add({ ...rest, endedAt });
          expect(limit.limit).toBeGreaterThanOrEqual(3);
          expect(limit.limit).toBeLessThanOrEqual(50);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("holds near capacity with noisy latencies", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 300 }),
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.double({ min: 0.3, max: 1.7, noNaN: true }), { minLength: 20, maxLength: 40 }),
        (capacity, serviceMs, factors) => {
          let next = 0;
          const noise = () => factors[next++ % factors.length] ?? 1;
          const { run } = simulation({ initialLimit: capacity });
          for (let seconds = 0; seconds < 120; seconds += 10) {
            const limit = run({ capacity, serviceMs, noise, windows: 10 });
            expect(limit).toBeGreaterThan(capacity * 0.7);
            expect(limit).toBeLessThan(capacity * 3);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each<[AdaptiveLimitOptions, string]>([
    [{ minLimit: 0 }, "adaptive.minLimit must be an integer from 1, got 0"],
    [{ maxLimit: 10 }, "adaptive.maxLimit must be an integer from minLimit, 20, got 10"],
    [{ initialLimit: 300 }, "adaptive.initialLimit must be an integer from 20 to 200, got 300"],
    [{ smoothing: 0 }, "adaptive.smoothing must be above 0 and up to 1, got 0"],
    [{ longWindow: 0.5 }, "adaptive.longWindow must be an integer from 1, got 0.5"],
    [{ rttTolerance: Number.NaN }, "adaptive.rttTolerance must be a number from 1, got NaN"],
    [{ queueSize: 0 }, "adaptive.queueSize must be a number above 0, got 0"],
    [{ windowMs: -1 }, "adaptive.windowMs must be a number above 0, got -1"],
  ])("refuses %o", (options, message) => {
    expect(() => new AdaptiveLimit(options)).toThrow(new RangeError(message));
  });
});
