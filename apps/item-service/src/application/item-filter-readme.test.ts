import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseItemFilter } from "./item-filter-parser.ts";

// What the README says of filters is true, line by line.
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

const allOperators = ["=", "!=", "<", "<=", ">", ">=", ":"];

/** The texts in backticks. */
function quotedIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

const [, table = ""] =
  /\| fields \| operators \| literal \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
const rows = table
  .trim()
  .split("\n")
  .flatMap((line) => {
    const [, fields, operators, literals] = line.split("|");
    return quotedIn(fields).map((field) => ({
      field,
      operators: quotedIn(operators).flatMap((text) => text.split(" ")),
      // The others say how a literal is escaped.
      literals: quotedIn(literals).filter((text) => !text.startsWith("\\")),
    }));
  });

describe("the README's table of filters", () => {
  it("has every field", () => {
    const [, fields = ""] = /one of the fields ([a-z_ ]+), got/.exec(faultOf("?")) ?? [];
    expect(rows.map(({ field }) => field)).toEqual(fields.split(" "));
  });

  it.each(rows)(
    "has all operators of $field and its literals",
    ({ field, operators, literals }) => {
      expect(literals.length).toBeGreaterThan(0);
      for (const literal of literals) {
        const taken = allOperators.filter(
          (operator) => faultOf(`${field} ${operator} ${literal}`) === "",
        );
        expect(taken).toEqual(operators);
      }
    },
  );
});

describe("the README's text on filters", () => {
  it("has a grammar that the parser has too", () => {
    const source = readFileSync(new URL("item-filter-parser.ts", import.meta.url), "utf8");
    const [, grammar = ""] = /```\n(filter {5}= (?:.|\n)*?)```/.exec(readme) ?? [];
    expect(grammar.trim().split("\n")).toHaveLength(4);
    for (const line of grammar.trim().split("\n")) {
      expect(source).toContain(` *     ${line}\n`);
    }
  });

  it("has an example that can be parsed", () => {
    const [, example = ""] = /`([^`\n]+)` asks for lamps that run out/.exec(readme) ?? [];
    expect(parseItemFilter(example)).toMatchObject({ kind: "and" });
  });

  it("has the limits", () => {
    const limits = /at most ([\d,]+) characters, (\d+)\s+comparisons and (\d+) levels/.exec(readme);
    const [characters = 0, comparisons = 0, levels = 0] = (limits ?? [])
      .slice(1)
      .map((text) => Number(text.replace(",", "")));
    const long = (count: number) => "price=1".padEnd(count);
    const wide = (count: number) => Array(count).fill("price=1").join(" OR ");
    const deep = (count: number) => `${"(".repeat(count)}price=1${")".repeat(count)}`;
    expect([long(characters), wide(comparisons), deep(levels)].map(faultOf)).toEqual(["", "", ""]);
    expect([long(characters + 1), wide(comparisons + 1), deep(levels + 1)].map(faultOf)).toEqual([
      expect.stringContaining("characters"),
      expect.stringContaining("comparisons"),
      expect.stringContaining("parentheses"),
    ]);
  });
});

function faultOf(filter: string): string {
  try {
    parseItemFilter(filter);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
