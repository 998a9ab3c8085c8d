import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantile } from "./quantile.ts";

const bounds = [0.01, 0.1, 1, 10];

/** The histogram of these durations. */
function bucketsOf(durations: readonly number[]): Map<number, number> {
  return new Map(
    [...bounds, Infinity].map((bound) => [
      bound,
      durations.filter((duration) => duration <= bound).length,
    ]),
  );
}

describe("quantile", () => {
  it("is in the bucket of the true one, and at most the last bound", () => {
    const duration = fc.double({ min: 0, max: 20, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(duration, { minLength: 1, maxLength: 100 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, q) => {
          const estimate = quantile(q, bucketsOf(durations)) ?? Number.NaN;
          const sorted = durations.toSorted((a, b) => a - b);
          const truth = sorted[Math.ceil(q * sorted.length - 1e-9) - 1] ?? Number.NaN;
          const upper = bounds.find((bound) => truth <= bound) ?? 10;
          const lower = truth > 10 ? 10 : (bounds.findLast((bound) => bound < truth) ?? 0);
          expect(estimate).toBeGreaterThanOrEqual(lower - 1e-9);
          expect(estimate).toBeLessThanOrEqual(upper + 1e-9);
        },
      ),
    );
  });

  it("takes calls to be spread evenly in a bucket, as PromQL does", () => {
    const buckets = new Map([
      [Infinity, 10],
      [1, 10],
      [0.1, 0],
    ]);
    expect(quantile(0.5, buckets)).toBeCloseTo(0.55);
    expect(quantile(0.99, buckets)).toBeCloseTo(0.991);
  });

  it("is unknown without calls", () => {
    expect(quantile(0.5, new Map())).toBeNull();
    expect(quantile(0.5, bucketsOf([]))).toBeNull();
  });

  it("is no nonsense, whatever the counts", () => {
    const counts = fc.array(fc.nat(100), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(counts, (values) => {
        const buckets = new Map(
          [...bounds, Infinity].map((bound, index) => [bound, values[index] ?? 0]),
        );
        const estimate = quantile(0.9, buckets);
        expect(estimate === null || (estimate >= 0 && estimate <= 10)).toBe(true);
      }),
    );
  });
});
