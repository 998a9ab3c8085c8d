import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it, onTestFinished } from "vitest";
import { createItemContainer } from "../container.ts";
import { SkuTakenError } from "../domain/item-errors.ts";
import { readSettings } from "../settings.ts";

const newItem = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };
const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";
const now = new Date("2026-01-02T03:04:05.678Z");

function openService() {
  const container = createItemContainer(readSettings({ DATABASE_URL: "sqlite::memory:" }), {
    newId: () => id,
    now: () => now,
  });
  onTestFinished(container.dispose);
  return container.cradle;
}

describe("createCreateItem", () => {
  it("returns the item and keeps it", async () => {
    const { createItem, getItem } = openService();
    const item = { ...newItem, id, isActive: true, createdAt: now, updatedAt: now };
    expect(await createItem(newItem)).toEqual(item);
    expect(await getItem(id)).toEqual(item);
  });

  it("throws SkuTakenError if another item has the sku", async () => {
    const { createItem } = openService();
    await createItem(newItem);
    await expect(createItem(newItem)).rejects.toThrow(new SkuTakenError("LAMP-1"));
  });

  it("throws ValidationError and keeps nothing if a field breaks a rule", async () => {
    const { createItem, itemRepository } = openService();
    await expect(createItem({ ...newItem, quantity: -1 })).rejects.toThrow(ValidationError);
    expect(await itemRepository.list({ limit: 1 })).toEqual([]);
  });
});
