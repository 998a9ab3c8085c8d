import { describe, expect, it } from "vitest";
import { internalsIn } from "./internals.ts";

describe("internalsIn", () => {
  it.each([
    [new Error("no").stack ?? "", "a stack"],
    ["at async file:///app/dist/main.js:3:4", "a stack"],
    ["cannot open /var/lib/items/item-service.db", "a path"],
    ["in item-handlers.js:40", "a source file"],
    ["SELECT id FROM items WHERE sku = ?", "SQL"],
    ["INSERT INTO items VALUES (1)", "SQL"],
    ["no such table: items", "a database"],
    ['relation "items" does not exist', "a database"],
    ["postgres://shop@db", "a database"],
    ["permission denied for table pg_statistic", "a database"],
    ["no such thing as idempotency_keys", "a table"],
    ["callback is not a function", "a runtime error"],
  ])("knows %s", (text, what) => {
    expect(internalsIn(text)?.startsWith(`${what} ("`)).toBe(true);
  });

  it.each([
    "no item has the id 7c1c0f3e-8f0c-4f55-9f57-0d8d6a3f7f10",
    "name: must have 1 to 200 characters, got 0",
    "/examples.ItemService/GetItem",
    'filter: expected AND, OR or the end, got "lamp" at character 7',
    "type.googleapis.com/google.rpc.ErrorInfo",
    "an item that is called Fpg_7",
  ])("lets pass what callers are told: %s", (text) => {
    expect(internalsIn(text)).toBeUndefined();
  });
});
