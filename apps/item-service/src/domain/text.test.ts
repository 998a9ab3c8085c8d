import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countCharacters, isLongerThan, quote } from "./text.ts";

describe("countCharacters", () => {
  it.each([
    ["", 0],
    ["lamp", 4],
    ["é", 1],
    ["💡💡", 2],
  ])("counts code points: %j has %i", (text, count) => {
    expect(countCharacters(text)).toBe(count);
  });

  it("counts what iterating counts, halves of pairs too", () => {
    const units = ["a", "é", "\ud83d", "\udca1"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...units)), (parts) => {
        const text = parts.join("");
        expect(countCharacters(text)).toBe([...text].length);
      }),
    );
  });
});

describe("isLongerThan", () => {
  it.each([
    ["", 0, false],
    ["ab", 2, false],
    ["abc", 2, true],
    ["💡💡", 2, false],
    ["💡💡💡", 2, true],
    ["abcde", 2, true],
  ])("counts code points: %j, more than %i: %s", (text, max, isLonger) => {
    expect(isLongerThan(text, max)).toBe(isLonger);
  });
});

describe("quote", () => {
  it("keeps a short text, on one line", () => {
    expect(quote('two\nlines "quoted"')).toBe('"two\\nlines \\"quoted\\""');
  });

  it("cuts a long text", () => {
    expect(quote("x".repeat(1_000))).toBe(`"${"x".repeat(80)}…"`);
  });

  it("is well-formed even if it cuts a character in two", () => {
    expect(quote(`${"x".repeat(79)}💡!`).isWellFormed()).toBe(true);
  });
});
