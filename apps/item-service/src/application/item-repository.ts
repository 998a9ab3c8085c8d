import type { Item } from "../domain/item.ts";
import type { ItemFilter } from "./item-filter.ts";

/** What an item is found by. */
export type ItemKey = { readonly id: string } | { readonly sku: string };

/** Which part of the list of items to return. */
export interface ItemListQuery {
  /** Default: all items. */
  readonly filter?: ItemFilter | undefined;
  /** Only items past this position. Default: from the oldest. */
  readonly after?: number | undefined;
  /** How many items at the most. */
  readonly limit: number;
}

/** An item and where it stands in the list of all items, which never changes. */
export interface ListedItem {
  readonly item: Item;
  /** Grows with each item that is created. It is not used again after the item is deleted. */
  readonly position: number;
}

/**
 * Keeps items. Each method is atomic, and no two items ever have the same id or sku.
 *
 * Text is compared by code point, and upper and lower case differ.
 */
export interface ItemRepository {
  /** Returns the item, or undefined if there is none. */
  find(key: ItemKey): Promise<Item | undefined>;

  /** Adds the item. Throws SkuTakenError if another has its sku. */
  insert(item: Item): Promise<void>;

  /**
   * Adds all items but those whose sku another has, in the repository or earlier in `items`. Returns
   * for each whether it was added.
   */
  insertMany(items: readonly Item[]): Promise<readonly boolean[]>;

  /**
   * Replaces the item with what `change` makes of it, or adds that if there was none, and returns
   * it. Nobody else writes the item in between. `change` keeps the id; if it throws, nothing is
   * changed. Throws SkuTakenError if another item has the new sku.
   */
  save(key: ItemKey, change: (item: Item | undefined) => Item): Promise<Item>;

  /** Removes the item. Returns whether there was one. */
  delete(id: string): Promise<boolean>;

  /** Returns items, oldest first. */
  list(query: ItemListQuery): Promise<readonly ListedItem[]>;

  /** The secret that signs page tokens. It is made once, and stays as long as the items do. */
  pageTokenSecret(): Promise<Uint8Array>;
}
