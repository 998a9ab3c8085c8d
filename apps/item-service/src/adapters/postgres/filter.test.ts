import { describe, expect, it } from "vitest";
import type { ItemFilter, TextComparison } from "../../application/item-filter.ts";
import { toPostgresCondition } from "./filter.ts";

const hostileTexts = [
  "' OR 1=1 --",
  "'; DROP TABLE items; --",
  '" OR "" = "',
  "x') OR (1=1",
  "?",
  "$1",
  "%",
  "_",
  "\\",
  "E'\\x00'",
];

describe("toPostgresCondition", () => {
  it.each(hostileTexts)("never puts %j into the SQL", (value) => {
    const filter: ItemFilter = {
      kind: "and",
      operands: [
        { kind: "not", operand: { kind: "text", field: "sku", operator: ":", value } },
        {
          kind: "or",
          operands: [
            { kind: "text", field: "name", operator: "<=", value },
            { kind: "number", field: "price", operator: "!=", value: 0.5 },
          ],
        },
        { kind: "boolean", field: "isActive", operator: "=", value: true },
        { kind: "time", field: "createdAt", operator: ">", value: new Date(5) },
      ],
    };
    expect(toPostgresCondition(filter, 3)).toEqual({
      sql:
        "((not (strpos(sku, $3::text) > 0)) and ((name <= $4::text) or (price != $5::float8)) and " +
        "(is_active = $6::boolean) and (created_at > to_timestamp($7::float8 / 1000)::timestamptz(3)))",
      parameters: [value, value, 0.5, true, 5],
    });
  });

  it.each<readonly [TextComparison["operator"], string, readonly string[]]>([
    [":", "false", []],
    ["=", "false", []],
    ["!=", "true", []],
    ["<", "(name <= $1::text)", ["a"]],
    ["<=", "(name <= $1::text)", ["a"]],
    [">", "(name > $1::text)", ["a"]],
    [">=", "(name > $1::text)", ["a"]],
  ])("compares by %s with text that no item can have", (operator, sql, parameters) => {
    const filter: ItemFilter = { kind: "text", field: "name", operator, value: "a\0b" };
    expect(toPostgresCondition(filter, 1)).toEqual({ sql, parameters });
  });
});
