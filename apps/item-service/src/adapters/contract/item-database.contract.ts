import { randomUUID } from "node:crypto";
import type { InsertedBatch, ItemRepository } from "../../application/item-repository.ts";
import type { ItemStore } from "../../application/item-store.ts";
import type { Item } from "../../domain/item.ts";

/** An empty database that goes when the test ends. */
export interface ItemDatabase {
  /** Opens a store on it, which is closed when the test ends. */
  open(now?: () => Date): Promise<ItemStore>;
  /** How many idempotency keys it keeps. */
  countKeys(): Promise<number>;
}

export type CreateItemDatabase = () => Promise<ItemDatabase>;

/** A valid item with an id and a sku of its own. */
export function makeItem(fields: Partial<Item> = {}): Item {
  const id = randomUUID();
  const now = new Date("2026-01-02T03:04:05.678Z");
  return {
    id,
    name: "Lamp",
    description: "For a desk",
    sku: id,
    quantity: 3,
    price: 9.5,
    isActive: true,
    createdAt: now,
    updatedAt: now,
    ...fields,
  };
}

export function makeItems(count: number): readonly Item[] {
  return Array.from({ length: count }, () => makeItem());
}

/** Adds the items in one part. */
export function insertAll(
  repository: ItemRepository,
  items: readonly Item[],
): Promise<InsertedBatch> {
  const part = items.map((item, index) => ({ index, item }));
  return repository.insertMany({ parts: [part], maxTaken: 0 });
}

/** The first thousand. */
export async function allItems(repository: ItemRepository): Promise<readonly Item[]> {
  const listed = await repository.list({ limit: 1_000 });
  return listed.map(({ item }) => item);
}
