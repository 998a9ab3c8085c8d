/** How values with an order are compared. */
export type OrderOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** Compares text by code point. `:` asks whether the field contains the value; case counts. */
export interface TextComparison {
  readonly kind: "text";
  readonly field: "name" | "description" | "sku";
  readonly operator: OrderOperator | ":";
  readonly value: string;
}

/** Compares numbers. */
export interface NumberComparison {
  readonly kind: "number";
  readonly field: "quantity" | "price";
  readonly operator: OrderOperator;
  readonly value: number;
}

/** Compares with true or false. */
export interface BooleanComparison {
  readonly kind: "boolean";
  readonly field: "isActive";
  readonly operator: "=" | "!=";
  readonly value: boolean;
}

/** Compares points in time, to the millisecond. */
export interface TimeComparison {
  readonly kind: "time";
  readonly field: "createdAt" | "updatedAt";
  readonly operator: OrderOperator;
  readonly value: Date;
}

/** Which items of a list to return. */
export type ItemFilter =
  | { readonly kind: "and" | "or"; readonly operands: readonly ItemFilter[] }
  | { readonly kind: "not"; readonly operand: ItemFilter }
  | TextComparison
  | NumberComparison
  | BooleanComparison
  | TimeComparison;
