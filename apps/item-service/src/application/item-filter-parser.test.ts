import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import type { ItemFilter } from "./item-filter.ts";
import { parseItemFilter } from "./item-filter-parser.ts";

function quantity(value: number): ItemFilter {
  return { kind: "number", field: "quantity", operator: "=", value };
}

describe("parseItemFilter", () => {
  it.each(["", "  \n"])("takes %j for all items", (text) => {
    expect(parseItemFilter(text)).toBeUndefined();
  });

  it.each<[string, ItemFilter]>([
    ['name = "Lamp"', { kind: "text", field: "name", operator: "=", value: "Lamp" }],
    ['name:"Lamp"', { kind: "text", field: "name", operator: ":", value: "Lamp" }],
    ['description != ""', { kind: "text", field: "description", operator: "!=", value: "" }],
    ['sku >= "A"', { kind: "text", field: "sku", operator: ">=", value: "A" }],
    ['name = "\\"\\\\\\""', { kind: "text", field: "name", operator: "=", value: '"\\"' }],
    ['name = "💡 AND (x"', { kind: "text", field: "name", operator: "=", value: "💡 AND (x" }],
    ["quantity<10", { kind: "number", field: "quantity", operator: "<", value: 10 }],
    ["quantity > -1", { kind: "number", field: "quantity", operator: ">", value: -1 }],
    ["price <= 9.5e-1", { kind: "number", field: "price", operator: "<=", value: 0.95 }],
    ["is_active = true", { kind: "boolean", field: "isActive", operator: "=", value: true }],
    ["is_active != false", { kind: "boolean", field: "isActive", operator: "!=", value: false }],
    [
      'created_at > "2026-01-02T03:04:05Z"',
      { kind: "time", field: "createdAt", operator: ">", value: new Date("2026-01-02T03:04:05Z") },
    ],
    [
      'updated_at <= "2026-01-02T03:04:05.678+01:00"',
      {
        kind: "time",
        field: "updatedAt",
        operator: "<=",
        value: new Date("2026-01-02T02:04:05.678Z"),
      },
    ],
  ])("parses %s", (text, expected) => {
    expect(parseItemFilter(text)).toEqual(expected);
  });

  it("binds OR tighter than AND", () => {
    expect(
      parseItemFilter("quantity = 1 AND quantity = 2 OR quantity = 3 AND quantity = 4"),
    ).toEqual({
      kind: "and",
      operands: [quantity(1), { kind: "or", operands: [quantity(2), quantity(3)] }, quantity(4)],
    });
  });

  it("binds NOT tighter than OR", () => {
    expect(parseItemFilter("NOT quantity = 1 OR quantity = 2")).toEqual({
      kind: "or",
      operands: [{ kind: "not", operand: quantity(1) }, quantity(2)],
    });
  });

  it("lets parentheses change what binds", () => {
    expect(parseItemFilter("NOT (quantity = 1 AND ((quantity = 2))) OR quantity = 3")).toEqual({
      kind: "or",
      operands: [
        { kind: "not", operand: { kind: "and", operands: [quantity(1), quantity(2)] } },
        quantity(3),
      ],
    });
  });

  const anyField =
    "one of the fields name description sku quantity price is_active created_at updated_at";

  it.each([
    ["AND", `expected ${anyField}, got "AND" at character 1`],
    ["id = 1", `expected ${anyField}, got "id" at character 1`],
    ["constructor = 1", `expected ${anyField}, got "constructor" at character 1`],
    ['"name" = "x"', `expected ${anyField}, got "name" at character 1`],
    ["quantity = 1 AND", `expected ${anyField}, got the end at character 17`],
    ["NOT NOT quantity = 1", `expected ${anyField}, got "NOT" at character 5`],
    ["()", `expected ${anyField}, got ")" at character 2`],
    ["name", "expected one of the operators = != < <= > >= :, got the end at character 5"],
    ['name "=" "x"', 'expected one of the operators = != < <= > >= :, got "=" at character 6'],
    ["is_active < true", 'expected one of the operators = !=, got "<" at character 11'],
    ["quantity : 3", 'expected one of the operators = != < <= > >=, got ":" at character 10'],
    ["price == 3", 'expected a finite number, got "=" at character 8'],
    ["name =", "expected quoted text, got the end at character 7"],
    ["name < 3", 'expected quoted text, got "3" at character 8'],
    ['quantity = "3"', 'expected a finite number, got "3" at character 12'],
    ["price = 1e999", 'expected a finite number, got "1e999" at character 9'],
    ["is_active = TRUE", 'expected true or false, got "TRUE" at character 13'],
    ['is_active = "true"', 'expected true or false, got "true" at character 13'],
    ['created_at = "now"', 'expected a quoted RFC 3339 timestamp, got "now" at character 14'],
    ["created_at = 5", 'expected a quoted RFC 3339 timestamp, got "5" at character 14'],
    ["quantity = 1 quantity = 2", 'expected AND, OR or the end, got "quantity" at character 14'],
    ["quantity = 1 and price = 2", 'expected AND, OR or the end, got "and" at character 14'],
    ["quantity = 1)", 'expected AND, OR or the end, got ")" at character 13'],
    ["(quantity = 1", "expected AND, OR or ), got the end at character 14"],
    ['(quantity = 1 ")"', 'expected AND, OR or ), got ")" at character 15'],
    ['quantity = 1 "AND" price = 1', 'expected AND, OR or the end, got "AND" at character 14'],
    ["quantity = 1; price = 1", 'expected AND, OR or the end, got ";" at character 13'],
    ['name = "💡" 💡', 'expected AND, OR or the end, got "💡" at character 12'],
    [
      'name = "x',
      'expected quoted text, got text without an end or with an escape other than \\" and \\\\ at character 8',
    ],
    [
      'name = "\\n"',
      'expected quoted text, got text without an end or with an escape other than \\" and \\\\ at character 8',
    ],
  ])("refuses %s", (text, description) => {
    expect(() => parseItemFilter(text)).toThrow(
      new ValidationError([{ field: "filter", description }]),
    );
  });

  it.each([
    ["characters", `name="${"💡".repeat(993)}"`, `name="${"💡".repeat(994)}"`],
    ["comparisons", joined(50), joined(51)],
    ["parentheses", nested(20), nested(21)],
  ])("limits how many %s there are", (_, allowed, refused) => {
    expect(parseItemFilter(allowed)).toBeDefined();
    expect(() => parseItemFilter(refused)).toThrow(ValidationError);
  });
});

function joined(count: number): string {
  return Array(count).fill("price=1").join(" AND ");
}

function nested(depth: number): string {
  return `${"(".repeat(depth)}price=1${")".repeat(depth)}`;
}
