import { ValidationError } from "@grpc-kit/grpc-status/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseItemFilter } from "./item-filter-parser.ts";

const fragment = fc.constantFrom(
  ..."AND OR NOT ( ) name quantity is_active created_at = != < : true 1 -1e9 . \\ ' --".split(" "),
  '"lamp"',
  '"',
  '"2026-01-02T03:04:05Z"',
);

// What comes close to a filter gets further into the parser than what does not.
const almostFilter = fc.array(fragment, { maxLength: 30 }).map((fragments) => fragments.join(" "));
const anyText = fc.oneof(
  fc.string({ maxLength: 50 }),
  fc.string({ unit: "binary", maxLength: 50 }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  almostFilter,
);

describe("parseItemFilter", () => {
  it("throws nothing but ValidationError on the filter, whatever the text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          parseItemFilter(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError);
          expect(error).toMatchObject({ violations: [{ field: "filter" }] });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("names a character of the filter, or the one after its end", () => {
    fc.assert(
      fc.property(almostFilter, (text) => {
        try {
          parseItemFilter(text);
        } catch (error) {
          const position = Number(/ at character (\d+)$/.exec(String(error))?.[1]);
          expect(position).toBeGreaterThanOrEqual(1);
          expect(position).toBeLessThanOrEqual(text.length + 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
