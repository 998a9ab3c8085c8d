import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toSafeDetails } from "./safe-details.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3000 }),
  // UTF-16 code units at random: lone surrogates, NUL, newlines.
  fc.array(fc.nat(0xffff), { maxLength: 3000 }).map((units) => String.fromCharCode(...units)),
);

describe("toSafeDetails", () => {
  it("B13: makes any text well-formed, free of control characters but tab and line breaks, and at most 1,024 bytes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const details = toSafeDetails(text);
        expect(() => encodeURI(details)).not.toThrow();
        expect(details.replaceAll(/[\t\n\r]/g, "")).not.toMatch(/\p{Cc}/u);
        expect(Buffer.byteLength(details)).toBeLessThanOrEqual(1024);
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves a text alone that can be sent as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        fc.pre(!/\p{Cc}/u.test(text) && text.isWellFormed());
        expect(toSafeDetails(text)).toBe(text);
      }),
    );
  });

  it("keeps tab and line breaks, and makes each run of other control characters a space", () => {
    const text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    expect(toSafeDetails(text)).toBe(text);
    expect(toSafeDetails("a\u0000\u001b[31m\u0085b")).toBe("a [31m b");
  });

  it("cuts between characters, and says so", () => {
    const details = toSafeDetails("🦊".repeat(1000));
    expect(details).toBe(`${"🦊".repeat(255)}…`);
    expect(toSafeDetails("x".repeat(1024))).toBe("x".repeat(1024));
    expect(toSafeDetails("x".repeat(1025))).toBe(`${"x".repeat(1021)}…`);
    expect(toSafeDetails("x".repeat(1_000_000))).toBe(`${"x".repeat(1021)}…`);
  });
});
