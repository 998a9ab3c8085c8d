import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ItemFilter, OrderOperator } from "../application/item-filter.ts";
import { parseItemFilter } from "../application/item-filter-parser.ts";
import type { ItemRepository } from "../application/item-repository.ts";
import { createItem, type Item } from "../domain/item.ts";
import { openSqliteDatabase } from "./sqlite-database.ts";
import { createSqliteItemRepository } from "./sqlite-item-repository.ts";
import { migrateSqliteDatabase } from "./sqlite-migrations.ts";

// Every adapter of the port has to agree with `evaluate`. A new adapter is one more line here.
const adapters: readonly {
  readonly name: string;
  readonly open: () => { readonly repository: ItemRepository; readonly close: () => void };
}[] = [
  {
    name: "sqlite",
    open() {
      const database = openSqliteDatabase(":memory:");
      migrateSqliteDatabase(database);
      const repository = createSqliteItemRepository({ database });
      return { repository, close: () => database.close() };
    },
  },
];

// Few different values, so that filters often hold; the characters are those that are easily
// confused: case, wildcards, quotes, and two that UTF-16 and UTF-8 sort differently.
const text = fc.string({ unit: fc.constantFrom(..."aAé%_'\"\\ \uff5e💡"), maxLength: 3 });
const quantity = fc.constantFrom(0, 1, 2, 10, 2_147_483_647);
const price = fc.constantFrom(0, 0.1, 0.30000000000000004, 1, 9.5, Number.MAX_VALUE);
const time = fc.constantFrom(0, 1, 1_767_323_045_678).map((milliseconds) => new Date(milliseconds));

const anyItem: fc.Arbitrary<Item> = fc
  .record({ name: text, description: text, quantity, price, isActive: fc.boolean(), time })
  .map((fields) => {
    const id = randomUUID();
    return createItem({ ...fields, name: `x${fields.name}`, sku: id }, { id, now: fields.time });
  });

const orderOperator = fc.constantFrom<OrderOperator>("=", "!=", "<", "<=", ">", ">=");
const comparison: fc.Arbitrary<ItemFilter> = fc.oneof(
  fc.record({
    kind: fc.constant("text" as const),
    field: fc.constantFrom("name", "description"),
    operator: fc.oneof(orderOperator, fc.constant(":" as const)),
    value: fc.oneof(
      text,
      text.map((value) => `x${value}`),
    ),
  }),
  fc.record({
    kind: fc.constant("number" as const),
    field: fc.constantFrom("quantity", "price"),
    operator: orderOperator,
    value: fc.oneof(quantity, price, fc.constantFrom(-1, 1.5)),
  }),
  fc.record({
    kind: fc.constant("boolean" as const),
    field: fc.constant("isActive" as const),
    operator: fc.constantFrom("=", "!="),
    value: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("time" as const),
    field: fc.constantFrom("createdAt", "updatedAt"),
    operator: orderOperator,
    value: time,
  }),
);

const { filter: anyFilter } = fc.letrec<{ filter: ItemFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    comparison,
    fc.record({ kind: fc.constant("not" as const), operand: tie("filter") }),
    fc.record({
      kind: fc.constantFrom("and", "or"),
      operands: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

function evaluate(filter: ItemFilter, item: Item): boolean {
  switch (filter.kind) {
    case "and":
      return filter.operands.every((operand) => evaluate(operand, item));
    case "or":
      return filter.operands.some((operand) => evaluate(operand, item));
    case "not":
      return !evaluate(filter.operand, item);
    case "text":
      return filter.operator === ":"
        ? item[filter.field].includes(filter.value)
        : holds(
            filter.operator,
            Buffer.compare(Buffer.from(item[filter.field]), Buffer.from(filter.value)),
          );
    case "number":
      return holds(filter.operator, item[filter.field] - filter.value);
    case "boolean":
      return holds(filter.operator, Number(item[filter.field]) - Number(filter.value));
    case "time":
      return holds(filter.operator, item[filter.field].getTime() - filter.value.getTime());
  }
}

function holds(operator: OrderOperator, order: number): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function print(filter: ItemFilter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.operands
        .map((operand) => `(${print(operand)})`)
        .join(filter.kind === "and" ? " AND " : " OR ");
    case "not":
      return `NOT (${print(filter.operand)})`;
    default: {
      const field = filter.field.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`);
      return `${field} ${filter.operator} ${printValue(filter.value)}`;
    }
  }
}

function printValue(value: string | number | boolean | Date): string {
  if (typeof value === "string") {
    return `"${value.replace(/["\\]/g, "\\$&")}"`;
  }
  return value instanceof Date ? `"${value.toISOString()}"` : String(value);
}

describe.each(adapters)("the item repository on $name", ({ open }) => {
  it("lists the items that the filter asks for, as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyItem, { maxLength: 10 }),
        anyFilter.filter((filter) => print(filter).length <= 1_000),
        async (items, written) => {
          const filter = parseItemFilter(print(written));
          expect(filter).toEqual(written);
          const { repository, close } = open();
          await repository.insertMany(items);
          const listed = await repository.list({ filter, limit: 100 });
          close();
          expect(listed.map(({ item }) => item)).toEqual(
            items.filter((item) => evaluate(written, item)),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
