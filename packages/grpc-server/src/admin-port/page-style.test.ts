import { describe, expect, it } from "vitest";
import { pageStyle } from "./page-style.ts";

/** Brightness, as https://www.w3.org/TR/WCAG22/#dfn-relative-luminance has it. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\da-f]{2}/g) ?? []).map((pair) => {
    const part = Number.parseInt(pair, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

const [, light = "", dark = ""] = pageStyle.split(":root {");

describe("pageStyle", () => {
  it.each([
    ["light", light],
    ["dark", dark],
  ])("is readable where it is %s", (_scheme, rules) => {
    const color = (name: string) => new RegExp(`--${name}: (#[\\da-f]{6});`).exec(rules)?.[1] ?? "";
    for (const [text, ground] of [
      ...["text", "quiet", "accent"].flatMap((name) => [
        [name, "ground"],
        [name, "card"],
      ]),
      ...["good", "warn", "bad"].map((name) => [name, `${name}-area`]),
      ["bad", "card"],
    ] as [string, string][]) {
      const ratio = contrast(color(text), color(ground));
      // https://www.w3.org/TR/WCAG22/#contrast-minimum
      expect(ratio, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});
