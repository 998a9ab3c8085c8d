import type {
  BooleanComparison,
  ItemFilter,
  NumberComparison,
  OrderOperator,
  TextComparison,
  TimeComparison,
} from "./item-filter.ts";
import { type FilterToken, unexpectedToken } from "./item-filter-tokens.ts";
import { parseRfc3339 } from "./rfc3339.ts";

type FilterField =
  | Pick<TextComparison, "kind" | "field">
  | Pick<NumberComparison, "kind" | "field">
  | Pick<BooleanComparison, "kind" | "field">
  | Pick<TimeComparison, "kind" | "field">;

const fields = new Map<string, FilterField>([
  ["name", { kind: "text", field: "name" }],
  ["description", { kind: "text", field: "description" }],
  ["sku", { kind: "text", field: "sku" }],
  ["quantity", { kind: "number", field: "quantity" }],
  ["price", { kind: "number", field: "price" }],
  ["is_active", { kind: "boolean", field: "isActive" }],
  ["created_at", { kind: "time", field: "createdAt" }],
  ["updated_at", { kind: "time", field: "updatedAt" }],
]);

const equalityOperators = ["=", "!="] as const;
const orderOperators: readonly OrderOperator[] = [...equalityOperators, "<", "<=", ">", ">="];
const textOperators = [...orderOperators, ":"] as const;

/** Makes a comparison of its three tokens. Throws ValidationError if they do not fit each other. */
export function parseComparison(
  name: FilterToken,
  operator: FilterToken,
  literal: FilterToken,
): ItemFilter {
  const field = name.kind === "word" ? fields.get(name.text) : undefined;
  if (field === undefined) {
    throw unexpectedToken(name, `one of the fields ${[...fields.keys()].join(" ")}`);
  }
  switch (field.kind) {
    case "text":
      return {
        ...field,
        operator: toOperator(operator, textOperators),
        value: toValue(literal, textValue, "quoted text"),
      };
    case "number":
      return {
        ...field,
        operator: toOperator(operator, orderOperators),
        value: toValue(literal, numberValue, "a finite number"),
      };
    case "boolean":
      return {
        ...field,
        operator: toOperator(operator, equalityOperators),
        value: toValue(literal, booleanValue, "true or false"),
      };
    case "time":
      return {
        ...field,
        operator: toOperator(operator, orderOperators),
        value: toValue(literal, timeValue, "a quoted RFC 3339 timestamp"),
      };
  }
}

function toOperator<Operator extends string>(
  token: FilterToken,
  operators: readonly Operator[],
): Operator {
  const operator = operators.find(
    (candidate) => token.kind === "operator" && candidate === token.text,
  );
  if (operator === undefined) {
    throw unexpectedToken(token, `one of the operators ${operators.join(" ")}`);
  }
  return operator;
}

function toValue<Value>(
  token: FilterToken,
  read: (token: FilterToken) => Value | undefined,
  expected: string,
): Value {
  const value = read(token);
  if (value === undefined) {
    throw unexpectedToken(token, expected);
  }
  return value;
}

function textValue({ kind, text }: FilterToken): string | undefined {
  return kind === "text" ? text : undefined;
}

function numberValue({ kind, text }: FilterToken): number | undefined {
  return kind === "number" && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

function booleanValue({ kind, text }: FilterToken): boolean | undefined {
  return kind === "word" && (text === "true" || text === "false") ? text === "true" : undefined;
}

function timeValue({ kind, text }: FilterToken): Date | undefined {
  return kind === "text" ? parseRfc3339(text) : undefined;
}
