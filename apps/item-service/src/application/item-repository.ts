import type { Item } from "../domain/item.ts";
import type { IdempotentRequest } from "./idempotency.ts";
import type { ItemFilter } from "./item-filter.ts";

/** The call that something is done for. */
export interface RepositoryCall {
  /** Aborts when nobody waits for the answer any more: what runs for it is stopped. Default: never. */
  readonly signal?: AbortSignal | undefined;
}

/** A call whose change is made once, however often it comes. */
export interface IdempotentCall extends RepositoryCall {
  /** What tells that it comes again; the first answer is then returned. Default: it is always new. */
  readonly idempotency?: IdempotentRequest | undefined;
}

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
  /**
   * Grows with each item that is created. It is not used again after the item is deleted. Of items that are
   * created at the same time, one that is further on may be there before the other.
   */
  readonly position: number;
}

/** An item of a batch and its position in it, from 0. */
export interface BatchItem {
  readonly index: number;
  readonly item: Item;
}

/**
 * The items of a batch, in parts that fit into memory, in ascending order of `index`. They are read again
 * if other transactions were in the way.
 */
export interface ItemBatch {
  /** They are read while the method runs, and not once it has settled. */
  readonly parts: Iterable<readonly BatchItem[]>;
  /** How many of them may have a sku that is taken. With more, nothing is added. */
  readonly maxTaken: number;
}

/** What became of a batch. */
export interface InsertedBatch {
  /** The ids of the items that were added, in the order of the batch. */
  readonly createdIds: readonly string[];
  /** The `index` of each of the others, whose sku another item has, in the same order. */
  readonly taken: readonly number[];
}

/** How an item is deleted. */
export interface DeleteCall extends RepositoryCall {
  /** Sees the item first. If it throws, nothing is deleted. Default: sees nothing. */
  readonly check?: ((item: Item) => void) | undefined;
}

/**
 * Keeps items. Each method is atomic, and no two items ever have the same id or sku. What was answered
 * stays, even if the process or the database dies in the next moment.
 *
 * Text is compared by code point, and upper and lower case differ.
 *
 * A method rejects with the reason of its signal once that aborts, and nothing is changed by it then unless
 * the change was being committed already.
 */
export interface ItemRepository {
  /** Returns the item, or undefined if there is none. */
  find(key: ItemKey, call?: RepositoryCall): Promise<Item | undefined>;

  /**
   * Adds the item and returns it, or what was returned to the same request before. Throws SkuTakenError
   * if another has its sku, and IdempotencyKeyReusedError.
   */
  insert(item: Item, call?: IdempotentCall): Promise<Item>;

  /**
   * Adds, in one transaction, all items but those whose sku another has, in the repository or earlier in
   * the batch. Returns what became of it, or what was returned to the same request before. Throws
   * TooManyFailuresError and IdempotencyKeyReusedError.
   */
  insertMany(batch: ItemBatch, call?: IdempotentCall): Promise<InsertedBatch>;

  /**
   * Replaces the item with what `change` makes of it, or adds that if there was none, and returns
   * it. Nobody else writes the item in between. `change` keeps the id; if it throws, nothing is
   * changed. It may be called more than once. Throws SkuTakenError if another item has the new sku.
   */
  save(
    key: ItemKey,
    change: (item: Item | undefined) => Item,
    call?: RepositoryCall,
  ): Promise<Item>;

  /** Removes the item. Returns whether there was one. */
  delete(id: string, call?: DeleteCall): Promise<boolean>;

  /** Returns items, oldest first. */
  list(query: ItemListQuery, call?: RepositoryCall): Promise<readonly ListedItem[]>;

  /** The secret that signs page tokens. It is made once, and stays as long as the items do. */
  pageTokenSecret(call?: RepositoryCall): Promise<Uint8Array>;
}
