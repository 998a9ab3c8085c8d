import { changeItem, type Item, type ItemChanges, parseItemId } from "../domain/item.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import type { ItemRepository } from "./item-repository.ts";

/** What `createUpdateItem` needs. */
export interface UpdateItemDependencies {
  readonly itemRepository: ItemRepository;
  readonly now: () => Date;
}

/**
 * Makes the changes and returns the whole item. Throws ValidationError, ItemNotFoundError or
 * SkuTakenError.
 */
export type UpdateItem = (id: string, changes: ItemChanges) => Promise<Item>;

/** Makes the use case that changes one item. */
export function createUpdateItem({ itemRepository, now }: UpdateItemDependencies): UpdateItem {
  return async (id, changes) => {
    const itemId = parseItemId(id);
    return itemRepository.save({ id: itemId }, (item) => {
      if (item === undefined) {
        throw new ItemNotFoundError(itemId);
      }
      return changeItem(item, changes, now());
    });
  };
}
