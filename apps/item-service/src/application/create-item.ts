import { createItem, type Item, type NewItem } from "../domain/item.ts";
import type { KeyedCall } from "./idempotency.ts";
import { identifyRequest } from "./identify-request.ts";
import type { ItemRepository } from "./item-repository.ts";
import { withSignalOf } from "./with-signal-of.ts";

/** What `createCreateItem` needs. */
export interface CreateItemDependencies {
  readonly itemRepository: ItemRepository;
  readonly newId: () => string;
  readonly now: () => Date;
}

/**
 * Creates an item and returns it, or what was returned to the same request before, whatever has become of
 * the item since. Throws ValidationError, SkuTakenError or IdempotencyKeyReusedError.
 */
export type CreateItem = (newItem: NewItem, call?: KeyedCall) => Promise<Item>;

/** Makes the use case that creates one item. */
export function createCreateItem({
  itemRepository,
  newId,
  now,
}: CreateItemDependencies): CreateItem {
  return async (newItem, call = {}) => {
    const item = createItem(newItem, { id: newId(), now: now() });
    const request = call.idempotencyKey && identifyRequest("CreateItem", call.idempotencyKey);
    request?.add(newItem);
    return itemRepository.insert(
      item,
      request ? withSignalOf(call, { idempotency: request.end() }) : call,
    );
  };
}
