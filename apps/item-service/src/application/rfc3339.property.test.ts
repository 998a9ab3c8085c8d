import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRfc3339 } from "./rfc3339.ts";

describe("parseRfc3339", () => {
  it("reads what toISOString writes", () => {
    const fourDigitYear = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(fourDigitYear, (date) => {
        expect(parseRfc3339(date.toISOString())).toEqual(date);
      }),
      { numRuns: 1_000 },
    );
  });
});
