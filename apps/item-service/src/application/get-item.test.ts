import { randomUUID } from "node:crypto";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it, onTestFinished } from "vitest";
import { createItemContainer } from "../container.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import { readSettings } from "../settings.ts";

const newItem = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };

function openService() {
  const container = createItemContainer(readSettings({ DATABASE_URL: "sqlite::memory:" }));
  onTestFinished(container.dispose);
  return container.cradle;
}

describe("createGetItem", () => {
  it("returns the item, whatever the case of its id", async () => {
    const { createItem, getItem } = openService();
    const item = await createItem(newItem);
    expect(await getItem(item.id)).toEqual(item);
    expect(await getItem(item.id.toUpperCase())).toEqual(item);
  });

  it("throws ItemNotFoundError if there is none", async () => {
    const id = randomUUID();
    await expect(openService().getItem(id)).rejects.toThrow(new ItemNotFoundError(id));
  });

  it("throws ValidationError for what is no id", async () => {
    await expect(openService().getItem("")).rejects.toThrow(ValidationError);
  });
});
