import type {
  CreateItemRequest,
  Item as ItemMessage,
  ItemSyncRequest,
  UpdateItemRequest,
} from "@grpc-kit/generated-protos/examples/items";
import {
  copy,
  createMapper,
  int32,
  type ProtobufMapper,
  timestampAsDate,
} from "@grpc-kit/grpc-mappers";
import type { ItemSyncAction } from "../application/sync-item.ts";
import type { Item, ItemChanges, NewItem } from "../domain/item.ts";
import { itemRequestValidators } from "./item-validators.ts";

/** An item and its message. */
export const itemMapper: ProtobufMapper<Item, ItemMessage> = createMapper<Item, ItemMessage>()({
  id: copy,
  name: copy,
  description: copy,
  sku: copy,
  quantity: int32,
  price: copy,
  isActive: copy,
  createdAt: timestampAsDate,
  updatedAt: timestampAsDate,
});

export function toNewItem(request: CreateItemRequest): NewItem {
  const { name, description, sku, quantity, price } = request;
  return { name, description, sku, quantity, price };
}

export function toItemChanges(request: UpdateItemRequest): ItemChanges {
  const { name, description, quantity, price } = request;
  return { name, description, quantity, price };
}

/** Throws a ValidationError for a request that breaks the rules, one without an action included. */
export function toItemSyncAction(request: ItemSyncRequest): ItemSyncAction {
  itemRequestValidators.syncItems.validate(request);
  const action = request.action as NonNullable<ItemSyncRequest["action"]>;
  if (action.$case === "deleteId") {
    return { kind: "delete", id: action.value };
  }
  const { id, isActive } = action.value;
  return { kind: "upsert", item: { ...toNewItem(action.value), id, isActive } };
}
