import { hash } from "node:crypto";
import type { Item } from "./item.ts";
import { ItemChangedError } from "./item-errors.ts";

// 132 bits: nobody finds two states of an item with the same.
const VERSION_LENGTH = 22;

/** Names the state that an item is in, which no other state shares: 22 of A-Z a-z 0-9 _ - */
export function itemVersion(item: Item): string {
  const { id, name, description, sku, quantity, price, isActive, createdAt, updatedAt } = item;
  const times = [createdAt.getTime(), updatedAt.getTime()];
  const state = JSON.stringify([id, name, description, sku, quantity, price, isActive, ...times]);
  return hash("sha256", state, "base64url").slice(0, VERSION_LENGTH);
}

/** Throws ItemChangedError if the item is in none of these versions. */
export function checkItemVersion(item: Item, versions: readonly string[]): void {
  if (!versions.includes(itemVersion(item))) {
    throw new ItemChangedError(item.id);
  }
}
