import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import type { ItemCradle } from "../container.ts";
import { ItemNotFoundError, SkuTakenError } from "../domain/item-errors.ts";
import type { ItemUpsert } from "./sync-item.ts";

const created = new Date("2026-01-02T03:04:05.678Z");
const updated = new Date("2026-02-03T04:05:06.789Z");
const lamp = { name: "Lamp", description: "For a desk", sku: "LAMP-1", quantity: 1, price: 1 };
const lantern: ItemUpsert = {
  id: "",
  name: "Lantern",
  description: "",
  sku: "LAMP-1",
  quantity: 0,
  price: 0,
  isActive: false,
};

function openService(): Promise<ItemCradle> {
  const times = [created];
  return openUseCases({ now: () => times.shift() ?? updated });
}

describe("createSyncItem", () => {
  describe("upsert", () => {
    it("replaces the item with this id, but for its id and the time of its creation", async () => {
      const { createItem, getItem, syncItem } = await openService();
      const { id } = await createItem(lamp);
      const item = { ...lantern, id: id.toUpperCase(), sku: "LAMP-2" };
      expect(await syncItem({ kind: "upsert", item })).toBe(id);
      expect(await getItem(id)).toEqual({ ...item, id, createdAt: created, updatedAt: updated });
    });

    it("replaces the item with this sku if there is no id", async () => {
      const { createItem, getItem, syncItem } = await openService();
      const { id } = await createItem(lamp);
      expect(await syncItem({ kind: "upsert", item: lantern })).toBe(id);
      expect(await getItem(id)).toEqual({ ...lantern, id, createdAt: created, updatedAt: updated });
    });

    it("creates the item under its id if there is none", async () => {
      const { getItem, syncItem } = await openService();
      const id = randomUUID();
      expect(await syncItem({ kind: "upsert", item: { ...lantern, id: id.toUpperCase() } })).toBe(
        id,
      );
      expect(await getItem(id)).toEqual({ ...lantern, id, createdAt: created, updatedAt: created });
    });

    it("creates the item under a new id if there is none with its sku", async () => {
      const { getItem, syncItem } = await openService();
      const id = await syncItem({ kind: "upsert", item: lantern });
      expect(await getItem(id)).toEqual({ ...lantern, id, createdAt: created, updatedAt: created });
    });

    it("throws SkuTakenError if another item has the sku, and changes nothing", async () => {
      const { createItem, getItem, syncItem } = await openService();
      await createItem(lamp);
      const other = await createItem({ ...lamp, sku: "LAMP-2" });
      const taken = new SkuTakenError("LAMP-1");
      const replacing = syncItem({ kind: "upsert", item: { ...lantern, id: other.id } });
      await expect(replacing).rejects.toThrow(taken);
      const id = randomUUID();
      await expect(syncItem({ kind: "upsert", item: { ...lantern, id } })).rejects.toThrow(taken);
      expect(await getItem(other.id)).toEqual(other);
      await expect(getItem(id)).rejects.toThrow(ItemNotFoundError);
    });

    it.each<[string, Partial<ItemUpsert>]>([
      ["id", { id: "1" }],
      ["sku", { sku: "" }],
      ["quantity", { quantity: -1 }],
    ])("refuses a wrong %s, and changes nothing", async (field, fields) => {
      const { createItem, getItem, syncItem } = await openService();
      const item = await createItem(lamp);
      const syncing = syncItem({ kind: "upsert", item: { ...lantern, id: item.id, ...fields } });
      await expect(syncing).rejects.toMatchObject({ violations: [{ field }] });
      expect(await getItem(item.id)).toEqual(item);
    });
  });

  describe("delete", () => {
    it("deletes the item, once", async () => {
      const { createItem, syncItem } = await openService();
      const { id } = await createItem(lamp);
      expect(await syncItem({ kind: "delete", id: id.toUpperCase() })).toBe(id);
      await expect(syncItem({ kind: "delete", id })).rejects.toThrow(new ItemNotFoundError(id));
    });

    it("refuses what is no id", async () => {
      const { syncItem } = await openService();
      const syncing = syncItem({ kind: "delete", id: "" });
      await expect(syncing).rejects.toMatchObject({ violations: [{ field: "delete_id" }] });
    });
  });
});
