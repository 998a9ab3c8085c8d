import { createItem, type Item, type NewItem } from "../domain/item.ts";
import type { ItemRepository } from "./item-repository.ts";

/** What `createCreateItem` needs. */
export interface CreateItemDependencies {
  readonly itemRepository: ItemRepository;
  readonly newId: () => string;
  readonly now: () => Date;
}

/** Creates an item and returns it. Throws ValidationError or SkuTakenError. */
export type CreateItem = (newItem: NewItem) => Promise<Item>;

/** Makes the use case that creates one item. */
export function createCreateItem({
  itemRepository,
  newId,
  now,
}: CreateItemDependencies): CreateItem {
  return async (newItem) => {
    const item = createItem(newItem, { id: newId(), now: now() });
    await itemRepository.insert(item);
    return item;
  };
}
