import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import { IdempotencyKeyReusedError, SkuTakenError } from "../domain/item-errors.ts";

const newItem = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };
const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";
const now = new Date("2026-01-02T03:04:05.678Z");

function openService() {
  return openUseCases({ newId: () => id, now: () => now });
}

describe("createCreateItem", () => {
  it("returns the item and keeps it", async () => {
    const { createItem, getItem } = await openService();
    const item = { ...newItem, id, isActive: true, createdAt: now, updatedAt: now };
    expect(await createItem(newItem)).toEqual(item);
    expect(await getItem(id)).toEqual(item);
  });

  it("throws SkuTakenError if another item has the sku", async () => {
    const { createItem } = await openService();
    await createItem(newItem);
    await expect(createItem(newItem)).rejects.toThrow(new SkuTakenError("LAMP-1"));
  });

  it("throws ValidationError and keeps nothing if a field breaks a rule", async () => {
    const { createItem, itemRepository } = await openService();
    await expect(createItem({ ...newItem, quantity: -1 })).rejects.toThrow(ValidationError);
    expect(await itemRepository.list({ limit: 1 })).toEqual([]);
  });

  describe("with an idempotency key", () => {
    const idempotencyKey = { caller: "ada", key: "order-1" };

    it("returns the first answer again, whatever has become of the item", async () => {
      const { createItem, deleteItem, listItems, updateItem } = await openUseCases();
      const created = await createItem(newItem, { idempotencyKey });
      await updateItem(created.id, { name: "Lantern" });
      expect(await createItem(newItem, { idempotencyKey })).toEqual(created);
      await deleteItem(created.id);
      expect(await createItem(newItem, { idempotencyKey })).toEqual(created);
      const { items } = await listItems({ pageSize: 0, pageToken: "", filter: "" });
      expect(items).toEqual([]);
    });

    it("throws IdempotencyKeyReusedError for anything else, and keeps nothing", async () => {
      const { createItem, batchCreateItems, itemRepository } = await openUseCases();
      await createItem(newItem, { idempotencyKey });
      const reused = new IdempotencyKeyReusedError("order-1");
      const other = createItem({ ...newItem, sku: "LAMP-2" }, { idempotencyKey });
      await expect(other).rejects.toThrow(reused);
      async function* batch() {
        yield newItem;
      }
      await expect(batchCreateItems(batch(), { idempotencyKey })).rejects.toThrow(reused);
      expect(await itemRepository.list({ limit: 2 })).toHaveLength(1);
    });

    it("takes the key of another caller for another one", async () => {
      const { createItem } = await openUseCases();
      const { id: first } = await createItem(newItem, { idempotencyKey });
      const other = { idempotencyKey: { ...idempotencyKey, caller: "bob" } };
      await expect(createItem(newItem, other)).rejects.toThrow(new SkuTakenError("LAMP-1"));
      expect((await createItem({ ...newItem, sku: "LAMP-2" }, other)).id).not.toBe(first);
    });

    it("does not keep a failure", async () => {
      const { createItem, deleteItem } = await openUseCases();
      const { id: taken } = await createItem(newItem);
      await expect(createItem(newItem, { idempotencyKey })).rejects.toThrow(SkuTakenError);
      await deleteItem(taken);
      expect(await createItem(newItem, { idempotencyKey })).toMatchObject(newItem);
    });
  });
});
