import { changeItem, createItem, type Item, type NewItem, parseItemId } from "../domain/item.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import type { CreateItemDependencies } from "./create-item.ts";
import type { ItemKey, RepositoryCall } from "./item-repository.ts";

/** An item as another system knows it. */
export interface ItemUpsert extends NewItem {
  /** Empty: the item is found by its sku. */
  readonly id: string;
  readonly isActive: boolean;
}

/** One action of a synchronisation. */
export type ItemSyncAction =
  | { readonly kind: "upsert"; readonly item: ItemUpsert }
  | { readonly kind: "delete"; readonly id: string };

/**
 * Applies the action and returns the id of its item. An upsert replaces the item, or creates it if
 * there is none. Throws ValidationError, SkuTakenError or, on delete, ItemNotFoundError.
 */
export type SyncItem = (action: ItemSyncAction, call?: RepositoryCall) => Promise<string>;

/** Makes the use case that applies one action of a synchronisation. */
export function createSyncItem({ itemRepository, newId, now }: CreateItemDependencies): SyncItem {
  return async (action, call) => {
    if (action.kind === "delete") {
      const id = parseItemId(action.id, "delete_id");
      if (!(await itemRepository.delete(id, call))) {
        throw new ItemNotFoundError(id);
      }
      return id;
    }
    const { item } = action;
    const id = item.id === "" ? undefined : parseItemId(item.id);
    const key: ItemKey = id === undefined ? { sku: item.sku } : { id };
    const change = (existing: Item | undefined): Item =>
      existing === undefined
        ? createItem(item, { id: id ?? newId(), now: now() })
        : changeItem(existing, item, now());
    const saved = await itemRepository.save(key, change, call);
    return saved.id;
  };
}
