import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

describe("TokenBucket", () => {
  it("gives as many as it holds, and those that come back with time", () => {
    const bucket = new TokenBucket(2, 1, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
    expect([bucket.take(999), bucket.take(1_000), bucket.take(1_000)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(bucket.isFull(2_999)).toBe(false);
    expect(bucket.isFull(3_000)).toBe(true);
  });

  it.each([
    [5, Number.POSITIVE_INFINITY],
    [Number.POSITIVE_INFINITY, 1],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])("holds nobody up with a burst of %d and %d a second", (burst, perSecond) => {
    const bucket = new TokenBucket(burst, perSecond, 0);
    for (let ms = 0; ms < 100; ms += 1) {
      expect([bucket.take(ms), bucket.take(ms)]).toEqual([true, true]);
    }
    expect(bucket.has(1, 200)).toBe(true);
  });
});
