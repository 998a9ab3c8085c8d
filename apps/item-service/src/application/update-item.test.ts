import { randomUUID } from "node:crypto";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import { ItemChangedError, ItemNotFoundError, SkuTakenError } from "../domain/item-errors.ts";
import { itemVersion } from "../domain/item-version.ts";

const newItem = { name: "Lamp", description: "For a desk", sku: "LAMP-1", quantity: 1, price: 1 };
const created = new Date("2026-01-02T03:04:05.678Z");
const updated = new Date("2026-02-03T04:05:06.789Z");

function openService() {
  const times = [created, updated];
  return openUseCases({ now: () => times.shift() ?? updated });
}

describe("createUpdateItem", () => {
  it("changes the fields that are there, returns the item and keeps it", async () => {
    const { createItem, getItem, updateItem } = await openService();
    const item = await createItem(newItem);
    const changed = { ...item, description: "", quantity: 0, updatedAt: updated };
    expect(await updateItem(item.id.toUpperCase(), { description: "", quantity: 0 })).toEqual(
      changed,
    );
    expect(await getItem(item.id)).toEqual(changed);
  });

  it("returns the item as it is if no field is there", async () => {
    const { createItem, getItem, updateItem } = await openService();
    const item = await createItem(newItem);
    expect(await updateItem(item.id, { name: undefined })).toEqual(item);
    expect(await getItem(item.id)).toEqual(item);
  });

  it("loses none of two changes at once", async () => {
    const { createItem, getItem, updateItem } = await openService();
    const { id } = await createItem(newItem);
    await Promise.all([updateItem(id, { quantity: 7 }), updateItem(id, { name: "Lantern" })]);
    expect(await getItem(id)).toMatchObject({ quantity: 7, name: "Lantern" });
  });

  it("throws ItemNotFoundError if there is none, and creates none", async () => {
    const { itemRepository, updateItem } = await openService();
    const id = randomUUID();
    await expect(updateItem(id, { quantity: 7 })).rejects.toThrow(new ItemNotFoundError(id));
    expect(await itemRepository.find({ id })).toBeUndefined();
  });

  it("throws ValidationError for what is no id, and for fields that break a rule", async () => {
    const { createItem, getItem, updateItem } = await openService();
    const item = await createItem(newItem);
    await expect(updateItem("1", {})).rejects.toThrow(/^id: /);
    const update = updateItem(item.id, { name: "Lantern", price: -1 });
    await expect(update).rejects.toThrow(ValidationError);
    expect(await getItem(item.id)).toEqual(item);
  });

  it("throws SkuTakenError if another item has the new sku", async () => {
    const { createItem, updateItem } = await openService();
    await createItem(newItem);
    const { id } = await createItem({ ...newItem, sku: "LAMP-2" });
    await expect(updateItem(id, { sku: "LAMP-1" })).rejects.toThrow(new SkuTakenError("LAMP-1"));
  });

  it("throws ItemChangedError and changes nothing if the item is in no version that is expected", async () => {
    const { createItem, getItem, updateItem } = await openService();
    const item = await createItem(newItem);
    const expectedVersions = ["older", itemVersion(item)];
    const changed = await updateItem(item.id, { quantity: 7 }, { expectedVersions });
    const again = updateItem(item.id, { quantity: 8 }, { expectedVersions });
    await expect(again).rejects.toThrow(new ItemChangedError(item.id));
    await expect(updateItem(item.id, {}, { expectedVersions })).rejects.toThrow(ItemChangedError);
    expect(await getItem(item.id)).toEqual(changed);
  });
});
