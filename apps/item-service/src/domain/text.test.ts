import { describe, expect, it } from "vitest";
import { countCharacters, quote } from "./text.ts";

describe("countCharacters", () => {
  it.each([
    ["", 0],
    ["lamp", 4],
    ["é", 1],
    ["💡💡", 2],
  ])("counts code points: %j has %i", (text, count) => {
    expect(countCharacters(text)).toBe(count);
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
