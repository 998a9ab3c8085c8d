import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toTime } from "./log-line.ts";

describe("toTime", () => {
  it("is what a Date says, whatever was asked before", () => {
    const now = 1_770_000_000_000;
    const time = fc.oneof(
      fc.double(),
      fc.double({ min: -8.64e15, max: 8.64e15 }),
      fc.integer({ min: now, max: now + 3_000 }),
      fc.constantFrom(8.64e15, -8.64e15, -1, -0.5, 999.999, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(time, (epochMs) => {
        const date = new Date(epochMs);
        const expected = Number.isNaN(date.getTime()) ? undefined : date.toISOString();
        expect(toTime(epochMs)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
