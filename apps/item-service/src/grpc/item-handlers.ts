import type {
  CreateItemRequest,
  Item as ItemMessage,
  ItemServiceService,
  ItemSyncRequest,
  ItemSyncResponse,
} from "@grpc-kit/generated-protos/examples/items";
import type { CallContext } from "@grpc-kit/grpc-server";
import type { ScopedHandlers } from "@grpc-kit/grpc-server/servicer";
import { isAppError } from "@grpc-kit/grpc-status";
import type { SyncItem } from "../application/sync-item.ts";
import type { ItemCradle } from "../container.ts";
import type { Item } from "../domain/item.ts";
import { toBatchCreateResponse } from "./batch-create-response.ts";
import { readVersionedCall, toEtag } from "./etag.ts";
import { readKeyedCall } from "./idempotency-key.ts";
import { toErrorDetail } from "./item-error-detail.ts";
import { itemMapper, toItemChanges, toItemSyncAction, toNewItem } from "./item-mapper.ts";

/**
 * The handlers of ItemService: each calls one use case and maps what goes in and comes out. Requests have
 * been validated, but for those on streams.
 */
export const itemHandlers: ScopedHandlers<ItemServiceService, ItemCradle> = {
  async getItem(request, context) {
    return answerItem(await context.resolve("getItem")(request.id, context), context);
  },

  async createItem(request, context) {
    const item = await context.resolve("createItem")(toNewItem(request), readKeyedCall(context));
    return answerItem(item, context);
  },

  async updateItem(request, context) {
    const updateItem = context.resolve("updateItem");
    const changes = toItemChanges(request);
    return answerItem(await updateItem(request.id, changes, readVersionedCall(context)), context);
  },

  async deleteItem(request, context) {
    await context.resolve("deleteItem")(request.id, readVersionedCall(context));
    return {};
  },

  async *listItems(request, context) {
    const { items, nextPageToken } = await context.resolve("listItems")(request, context);
    if (nextPageToken !== undefined) {
      context.setTrailer("next-page-token", nextPageToken);
    }
    for (const item of items) {
      yield itemMapper.toProto(item);
    }
  },

  // What is wrong with one item is a part of the answer, so the use case checks each.
  async batchCreateItems(requests, context) {
    const batchCreateItems = context.resolve("batchCreateItems");
    const result = await batchCreateItems(toNewItems(requests), readKeyedCall(context));
    return toBatchCreateResponse(result);
  },

  async *syncItems(requests, context) {
    const syncItem = context.resolve("syncItem");
    for await (const request of requests) {
      yield await answerAction(syncItem, request, context);
    }
  },
};

function answerItem(item: Item, context: CallContext): ItemMessage {
  context.setTrailer("etag", toEtag(item));
  return itemMapper.toProto(item);
}

async function* toNewItems(requests: AsyncIterable<CreateItemRequest>) {
  for await (const request of requests) {
    yield toNewItem(request);
  }
}

/** What is wrong with one action is its answer; anything else ends the stream. */
async function answerAction(
  sync: SyncItem,
  request: ItemSyncRequest,
  context: CallContext,
): Promise<ItemSyncResponse> {
  try {
    const id = await sync(toItemSyncAction(request), context);
    return { id, success: true, error: undefined };
  } catch (error) {
    if (!isAppError(error) || !error.expose) {
      throw error;
    }
    return { id: requestedId(request), success: false, error: toErrorDetail(error) };
  }
}

function requestedId({ action }: ItemSyncRequest): string {
  switch (action?.$case) {
    case "upsert":
      return action.value.id;
    case "deleteId":
      return action.value;
    case undefined:
      return "";
  }
}
