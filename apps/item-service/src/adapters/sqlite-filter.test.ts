import { describe, expect, it, onTestFinished } from "vitest";
import type { ItemFilter } from "../application/item-filter.ts";
import { createItemContainer } from "../container.ts";
import { readSettings } from "../settings.ts";
import { toSqliteCondition } from "./sqlite-filter.ts";

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

  it.each(hostileTexts)("finds no item by %j but the one that has it", async (value) => {
    const container = createItemContainer(readSettings({ DATABASE_URL: "sqlite::memory:" }));
    onTestFinished(container.dispose);
    const { createItem, itemRepository, listItems } = container.cradle;
    const newItem = { name: "Lamp", description: "", quantity: 1, price: 1 };
    await createItem({ ...newItem, sku: "A" });
    // An item cannot have U+0000.
    const holds = value.includes("\0") ? [] : ["B"];
    await createItem({ ...newItem, sku: "B", description: `<${value.replace("\0", "")}>` });
    const literal = `"${value.replace(/["\\]/g, "\\$&")}"`;
    const { items } = await listItems({
      pageSize: 0,
      pageToken: "",
      filter: `description : ${literal} OR name = ${literal}`,
    });
    expect(items.map(({ sku }) => sku)).toEqual(holds);
    expect(await itemRepository.list({ limit: 10 })).toHaveLength(2);
  });
});
