import { describe, expect, it } from "vitest";
import type { ItemFilter } from "../../application/item-filter.ts";
import { toSqliteCondition } from "./filter.ts";

const hostileTexts = [
  "' OR 1=1 --",
  "'; DROP TABLE items; --",
  '" OR "" = "',
  "x') OR (1=1",
  "?",
  ":name",
  "%",
  "_",
  "\\",
  "a\0b",
];

describe("toSqliteCondition", () => {
  it.each(hostileTexts)("never puts %j into the SQL", (value) => {
    const filter: ItemFilter = {
      kind: "and",
      operands: [
        { kind: "not", operand: { kind: "text", field: "sku", operator: ":", value } },
        { kind: "text", field: "name", operator: "<=", value },
        { kind: "boolean", field: "isActive", operator: "=", value: true },
        { kind: "time", field: "createdAt", operator: ">", value: new Date(5) },
      ],
    };
    expect(toSqliteCondition(filter)).toEqual({
      sql: "((not (instr(sku, ?) > 0)) and (name <= ?) and (is_active = ?) and (created_at > ?))",
      parameters: [value, value, 1, 5],
    });
  });
});
