import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

describe("backoffMs", () => {
  it("doubles with each failure, and stops to grow", () => {
    const delays = [1, 2, 3, 4, 5].map((failures) =>
      backoffMs({ initialMs: 100, maxMs: 1_000 }, failures, () => 0),
    );
    expect(delays).toEqual([100, 200, 400, 800, 1_000]);
  });

  it("is at most a fifth less by chance, and never above the most, after any number", () => {
    const backoff = { initialMs: 100, maxMs: 10_000 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, chance) => {
          const full = backoffMs(backoff, n, () => 0);
          const delayMs = backoffMs(backoff, n, () => chance);
          expect(full).toBeLessThanOrEqual(backoff.maxMs);
          expect(delayMs).toBeLessThanOrEqual(full);
          expect(delayMs).toBeGreaterThanOrEqual(full * 0.8 - 1e-9);
        },
      ),
    );
  });
});
