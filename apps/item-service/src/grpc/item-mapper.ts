import type {
  CreateItemRequest,
  Item as ItemMessage,
  ItemSyncRequest,
  UpdateItemRequest,
} from "@grpc-kit/generated-protos/examples/items";
import type { Timestamp } from "@grpc-kit/generated-protos/google/protobuf/timestamp";
import type { ItemSyncAction } from "../application/sync-item.ts";
import type { Item, ItemChanges, NewItem } from "../domain/item.ts";
import { InvalidItemError } from "../domain/item-errors.ts";

/** The item as it is sent. */
export function toItemMessage(item: Item): ItemMessage {
  return {
    id: item.id,
    name: item.name,
    description: item.description,
    sku: item.sku,
    quantity: item.quantity,
    price: item.price,
    isActive: item.isActive,
    createdAt: toTimestamp(item.createdAt),
    updatedAt: toTimestamp(item.updatedAt),
  };
}

export function toNewItem(request: CreateItemRequest): NewItem {
  const { name, description, sku, quantity, price } = request;
  return { name, description, sku, quantity, price };
}

export function toItemChanges(request: UpdateItemRequest): ItemChanges {
  const { name, description, quantity, price } = request;
  return { name, description, quantity, price };
}

/** Throws InvalidItemError for a request without an action. */
export function toItemSyncAction({ action }: ItemSyncRequest): ItemSyncAction {
  switch (action?.$case) {
    case "upsert": {
      const { id, isActive } = action.value;
      return { kind: "upsert", item: { ...toNewItem(action.value), id, isActive } };
    }
    case "deleteId":
      return { kind: "delete", id: action.value };
    case undefined:
      throw new InvalidItemError([
        { field: "action", description: "must be upsert or delete_id, got neither" },
      ]);
  }
}

function toTimestamp(date: Date): Timestamp {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1_000) * 1_000_000 };
}
