import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it, onTestFinished } from "vitest";
import { createItemContainer } from "../container.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import { readSettings } from "../settings.ts";

function openService() {
  const container = createItemContainer(readSettings({ DATABASE_URL: "sqlite::memory:" }));
  onTestFinished(container.dispose);
  return container.cradle;
}

describe("createDeleteItem", () => {
  it("deletes the item, once", async () => {
    const { createItem, deleteItem, getItem } = openService();
    const { id } = await createItem({
      name: "Lamp",
      description: "",
      sku: "LAMP-1",
      quantity: 1,
      price: 1,
    });
    await deleteItem(id.toUpperCase());
    await expect(getItem(id)).rejects.toThrow(ItemNotFoundError);
    await expect(deleteItem(id)).rejects.toThrow(new ItemNotFoundError(id));
  });

  it("throws ValidationError for what is no id", async () => {
    await expect(openService().deleteItem("1")).rejects.toThrow(ValidationError);
  });
});
