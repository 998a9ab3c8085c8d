import { parseItemId } from "../domain/item.ts";
import { ItemNotFoundError } from "../domain/item-errors.ts";
import type { ItemRepository } from "./item-repository.ts";

/** What `createDeleteItem` needs. */
export interface DeleteItemDependencies {
  readonly itemRepository: ItemRepository;
}

/** Deletes the item with this id. Throws ValidationError or ItemNotFoundError. */
export type DeleteItem = (id: string) => Promise<void>;

/** Makes the use case that deletes one item. */
export function createDeleteItem({ itemRepository }: DeleteItemDependencies): DeleteItem {
  return async (id) => {
    const itemId = parseItemId(id);
    if (!(await itemRepository.delete(itemId))) {
      throw new ItemNotFoundError(itemId);
    }
  };
}
