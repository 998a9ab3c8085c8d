import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import { ItemChangedError, ItemNotFoundError } from "../domain/item-errors.ts";
import { itemVersion } from "../domain/item-version.ts";

const newItem = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };

describe("createDeleteItem", () => {
  it("deletes the item, once", async () => {
    const { createItem, deleteItem, getItem } = await openUseCases();
    const { id } = await createItem(newItem);
    await deleteItem(id.toUpperCase());
    await expect(getItem(id)).rejects.toThrow(ItemNotFoundError);
    await expect(deleteItem(id)).rejects.toThrow(new ItemNotFoundError(id));
  });

  it("throws ValidationError for what is no id", async () => {
    await expect((await openUseCases()).deleteItem("1")).rejects.toThrow(ValidationError);
  });

  it("throws ItemChangedError and deletes nothing if the item is in no version that is expected", async () => {
    const { createItem, deleteItem, getItem, updateItem } = await openUseCases();
    const item = await createItem(newItem);
    const expectedVersions = [itemVersion(item)];
    const changed = await updateItem(item.id, { quantity: 7 });
    const deleting = deleteItem(item.id, { expectedVersions });
    await expect(deleting).rejects.toThrow(new ItemChangedError(item.id));
    expect(await getItem(item.id)).toEqual(changed);
    await deleteItem(item.id, { expectedVersions: [itemVersion(changed)] });
    const gone = deleteItem(item.id, { expectedVersions });
    await expect(gone).rejects.toThrow(new ItemNotFoundError(item.id));
  });
});
