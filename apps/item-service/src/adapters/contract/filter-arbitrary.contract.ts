import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { ItemFilter, OrderOperator } from "../../application/item-filter.ts";
import { createItem, type Item } from "../../domain/item.ts";

// Few different values, so that filters often hold; the characters are those that are easily
// confused: case, wildcards, quotes, and two that UTF-16 and UTF-8 sort differently.
const text = fc.string({ unit: fc.constantFrom(..."aAé%_'\"\\ \uff5e💡"), maxLength: 3 });
const quantity = fc.constantFrom(0, 1, 2, 10, 2_147_483_647);
const price = fc.constantFrom(0, 0.1, 0.30000000000000004, 1, 9.5, Number.MAX_VALUE);
const time = fc.constantFrom(0, 1, 1_767_323_045_678).map((milliseconds) => new Date(milliseconds));

export const anyItem: fc.Arbitrary<Item> = fc
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

const { filter } = fc.letrec<{ filter: ItemFilter }>((tie) => ({
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

export const anyFilter: fc.Arbitrary<ItemFilter> = filter.filter(
  (written) => printFilter(written).length <= 1_000,
);

/** The filter as a caller writes it. */
export function printFilter(filter: ItemFilter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.operands
        .map((operand) => `(${printFilter(operand)})`)
        .join(filter.kind === "and" ? " AND " : " OR ");
    case "not":
      return `NOT (${printFilter(filter.operand)})`;
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
