import type { ItemFilter, OrderOperator } from "../../application/item-filter.ts";

/** A condition for a WHERE clause, and the values of its question marks. */
export interface SqliteCondition {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

const columns = {
  name: "name",
  description: "description",
  sku: "sku",
  quantity: "quantity",
  price: "price",
  isActive: "is_active",
  createdAt: "created_at",
  updatedAt: "updated_at",
} as const;

/** Translates a filter. What a caller wrote gets into `parameters` only, never into `sql`. */
export function toSqliteCondition(filter: ItemFilter): SqliteCondition {
  switch (filter.kind) {
    case "and":
    case "or": {
      const operands = filter.operands.map(toSqliteCondition);
      return {
        sql: `(${operands.map(({ sql }) => sql).join(` ${filter.kind} `)})`,
        parameters: operands.flatMap(({ parameters }) => parameters),
      };
    }
    case "not": {
      const { sql, parameters } = toSqliteCondition(filter.operand);
      return { sql: `(not ${sql})`, parameters };
    }
    case "text":
      return filter.operator === ":"
        ? { sql: `(instr(${columns[filter.field]}, ?) > 0)`, parameters: [filter.value] }
        : compare(filter.field, filter.operator, filter.value);
    case "number":
      return compare(filter.field, filter.operator, filter.value);
    case "boolean":
      return compare(filter.field, filter.operator, Number(filter.value));
    case "time":
      return compare(filter.field, filter.operator, filter.value.getTime());
  }
}

function compare(
  field: keyof typeof columns,
  operator: OrderOperator,
  value: string | number,
): SqliteCondition {
  return { sql: `(${columns[field]} ${operator} ?)`, parameters: [value] };
}
