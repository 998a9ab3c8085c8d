import type { ItemFilter, OrderOperator } from "../../application/item-filter.ts";
import type { Item } from "../../domain/item.ts";

/** Whether the filter asks for the item. */
export function evaluate(filter: ItemFilter, item: Item): boolean {
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
