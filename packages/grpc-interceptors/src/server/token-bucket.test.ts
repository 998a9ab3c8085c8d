import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type TokenBucketOptions, tokenBuckets } from "./token-bucket.ts";

function clock(): { ms: number; now: () => number } {
  const time = { ms: 1_000, now: () => time.ms };
  return time;
}

describe("tokenBuckets", () => {
  it("allows a burst, then one for each token that has come back", () => {
    const time = clock();
    const buckets = tokenBuckets({ ratePerSecond: 10, burst: 3, now: time.now });
    const take = () => buckets.take("a", 1);
    expect([take(), take(), take()].map(({ allowed }) => allowed)).toEqual([true, true, true]);
    expect(take()).toEqual({ allowed: false, retryAfterMs: 100 });
    time.ms += 60;
    expect(take()).toEqual({ allowed: false, retryAfterMs: 40 });
    time.ms += 40;
    expect(take().allowed).toBe(true);
    expect(take().allowed).toBe(false);
  });

  it("F8 keeps the keys apart", () => {
    const buckets = tokenBuckets({ ratePerSecond: 1, now: clock().now });
    expect(buckets.take("greedy", 1).allowed).toBe(true);
    expect(buckets.take("greedy", 1).allowed).toBe(false);
    expect(buckets.take("polite", 1).allowed).toBe(true);
  });

  it("says of what costs more than a bucket holds that it never will be allowed", () => {
    const buckets = tokenBuckets({ ratePerSecond: 1, burst: 5 });
    expect(buckets.take("a", 6)).toEqual({
      allowed: false,
      retryAfterMs: Number.POSITIVE_INFINITY,
    });
    expect(buckets.take("a", 5).allowed).toBe(true);
  });

  it("knows no more keys than it may, and forgets the one unused longest", () => {
    const buckets = tokenBuckets({ ratePerSecond: 1, burst: 1, maxKeys: 2, now: clock().now });
    for (const key of ["a", "b", "a", "c"]) {
      buckets.take(key, 1);
    }
    expect(buckets.size).toBe(2);
    expect(buckets.take("a", 1).allowed).toBe(false);
    expect(buckets.take("b", 1).allowed).toBe(true);
  });

  it("allows no more than burst and rate, and no less", () => {
    const steps = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 300 });
    const rates = fc.integer({ min: 1, max: 2_000 });
    fc.assert(
      fc.property(steps, rates, fc.integer({ min: 1, max: 50 }), (waits, ratePerSecond, burst) => {
        const time = clock();
        const buckets = tokenBuckets({ ratePerSecond, burst, now: time.now });
        let [tokens, allowed] = [burst, 0];
        for (const wait of waits) {
          time.ms += wait;
          tokens = Math.min(burst, tokens + (wait * ratePerSecond) / 1_000);
          const verdict = buckets.take("a", 1);
          // Where it is a matter of the last digits, either is right.
          if (Math.abs(tokens - 1) > 0.01) {
            expect(verdict.allowed).toBe(tokens > 1);
          }
          if (verdict.allowed) {
            tokens -= 1;
            allowed += 1;
          }
        }
        const most = burst + ((time.ms - 1_000) * ratePerSecond) / 1_000;
        expect(allowed).toBeLessThanOrEqual(most + 0.01);
      }),
      { numRuns: 200 },
    );
  });

  it("allows what it refused after as long as it said", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (ratePerSecond, burst, cost) => {
          const time = clock();
          const buckets = tokenBuckets({ ratePerSecond, burst, now: time.now });
          const takes = Array.from({ length: burst + 1 }, () => buckets.take("a", cost));
          const verdict = takes.at(-1);
          expect(verdict?.allowed).toBe(false);
          if (cost <= burst) {
            time.ms += verdict?.retryAfterMs ?? 0;
            expect(buckets.take("a", cost).allowed).toBe(true);
          } else {
            expect(verdict?.retryAfterMs).toBe(Number.POSITIVE_INFINITY);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each<[Partial<TokenBucketOptions>, string]>([
    [{ ratePerSecond: 0 }, "ratePerSecond must be a number above 0, got 0"],
    [{ ratePerSecond: Number.NaN }, "ratePerSecond must be a number above 0, got NaN"],
    [{ burst: 0.5 }, "burst must be a number from 1, got 0.5"],
    [{ maxKeys: 0 }, "maxKeys must be a positive integer, got 0"],
    [{ maxKeys: 1.5 }, "maxKeys must be a positive integer, got 1.5"],
  ])("refuses %o", (options, message) => {
    expect(() => tokenBuckets({ ratePerSecond: 1, ...options })).toThrow(new RangeError(message));
  });
});
