import type { ItemFilter, OrderOperator, TextComparison } from "../../application/item-filter.ts";

/** A condition for a WHERE clause, and the values of its numbered parameters. */
export interface PostgresCondition {
  readonly sql: string;
  readonly parameters: readonly (string | number | boolean)[];
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

/**
 * Translates a filter. What a caller wrote gets into `parameters` only, never into `sql`. The numbers
 * of the parameters begin with `first`.
 */
export function toPostgresCondition(filter: ItemFilter, first: number): PostgresCondition {
  const parameters: (string | number | boolean)[] = [];
  const bind = (value: string | number | boolean, type: string): string => {
    parameters.push(value);
    return `$${first + parameters.length - 1}::${type}`;
  };

  const translate = (part: ItemFilter): string => {
    switch (part.kind) {
      case "and":
      case "or":
        return `(${part.operands.map(translate).join(` ${part.kind} `)})`;
      case "not":
        return `(not ${translate(part.operand)})`;
      case "text":
        return translateText(part);
      case "number":
        return compare(part.field, part.operator, bind(part.value, "float8"));
      case "boolean":
        return compare(part.field, part.operator, bind(part.value, "boolean"));
      case "time": {
        const milliseconds = bind(part.value.getTime(), "float8");
        return compare(part.field, part.operator, timeOf(milliseconds));
      }
    }
  };

  // PostgreSQL takes no U+0000, and so no item has it: it can only be equal to what comes before it,
  // or less.
  const translateText = ({ field, operator, value }: TextComparison): string => {
    const end = value.indexOf("\0");
    if (end === -1) {
      return operator === ":"
        ? `(strpos(${columns[field]}, ${bind(value, "text")}) > 0)`
        : compare(field, operator, bind(value, "text"));
    }
    if (operator === ":" || operator === "=" || operator === "!=") {
      return operator === "!=" ? "true" : "false";
    }
    const isLess = operator === "<" || operator === "<=";
    return compare(field, isLess ? "<=" : ">", bind(value.slice(0, end), "text"));
  };

  return { sql: translate(filter), parameters };
}

/** The SQL for the time that a number of milliseconds is. As text, some years would not be understood. */
export function timeOf(milliseconds: string): string {
  return `to_timestamp(${milliseconds} / 1000)::timestamptz(3)`;
}

function compare(field: keyof typeof columns, operator: OrderOperator, value: string): string {
  return `(${columns[field]} ${operator} ${value})`;
}
