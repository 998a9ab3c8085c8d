import { changeItem, type Item, type ItemChanges, parseItemId } from "../domain/item.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import { checkItemVersion } from "../domain/item-version.ts";
import type { ItemRepository } from "./item-repository.ts";
import type { VersionedCall } from "./versioned-call.ts";

/** What `createUpdateItem` needs. */
export interface UpdateItemDependencies {
  readonly itemRepository: ItemRepository;
  readonly now: () => Date;
}

/**
 * Makes the changes and returns the whole item. Throws ValidationError, ItemNotFoundError,
 * ItemChangedError or SkuTakenError.
 */
export type UpdateItem = (id: string, changes: ItemChanges, call?: VersionedCall) => Promise<Item>;

/** Makes the use case that changes one item. */
export function createUpdateItem({ itemRepository, now }: UpdateItemDependencies): UpdateItem {
  return async (id, changes, call = {}) => {
    const itemId = parseItemId(id);
    const { expectedVersions } = call;
    const change = (item: Item | undefined): Item => {
      if (item === undefined) {
        throw new ItemNotFoundError(itemId);
      }
      if (expectedVersions !== undefined) {
        checkItemVersion(item, expectedVersions);
      }
      return changeItem(item, changes, now());
    };
    return itemRepository.save({ id: itemId }, change, call);
  };
}
