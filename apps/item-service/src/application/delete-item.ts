import { type Item, parseItemId } from "../domain/item.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import { checkItemVersion } from "../domain/item-version.ts";
import type { ItemRepository } from "./item-repository.ts";
import type { VersionedCall } from "./versioned-call.ts";
import { withSignalOf } from "./with-signal-of.ts";

/** What `createDeleteItem` needs. */
export interface DeleteItemDependencies {
  readonly itemRepository: ItemRepository;
}

/** Deletes the item with this id. Throws ValidationError, ItemNotFoundError or ItemChangedError. */
export type DeleteItem = (id: string, call?: VersionedCall) => Promise<void>;

/** Makes the use case that deletes one item. */
export function createDeleteItem({ itemRepository }: DeleteItemDependencies): DeleteItem {
  return async (id, call = {}) => {
    const itemId = parseItemId(id);
    const { expectedVersions } = call;
    const check = expectedVersions && ((item: Item) => checkItemVersion(item, expectedVersions));
    if (!(await itemRepository.delete(itemId, check ? withSignalOf(call, { check }) : call))) {
      throw new ItemNotFoundError(itemId);
    }
  };
}
