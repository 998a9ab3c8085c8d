import { type Item, parseItemId } from "../domain/item.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import type { ItemRepository, RepositoryCall } from "./item-repository.ts";

/** What `createGetItem` needs. */
export interface GetItemDependencies {
  readonly itemRepository: ItemRepository;
}

/** Returns the item with this id. Throws ValidationError or ItemNotFoundError. */
export type GetItem = (id: string, call?: RepositoryCall) => Promise<Item>;

/** Makes the use case that returns one item. */
export function createGetItem({ itemRepository }: GetItemDependencies): GetItem {
  return async (id, call) => {
    const itemId = parseItemId(id);
    const item = await itemRepository.find({ id: itemId }, call);
    if (item === undefined) {
      throw new ItemNotFoundError(itemId);
    }
    return item;
  };
}
