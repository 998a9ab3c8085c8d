import type {
  CreateItemRequest,
  ItemServiceService,
  ItemSyncRequest,
  ItemSyncResponse,
} from "@grpc-kit/generated-protos/examples/items";
import type { ScopedHandlers } from "@grpc-kit/grpc-server/servicer";
import { isAppError } from "@grpc-kit/grpc-status";
import type { SyncItem } from "../application/sync-item.ts";
import type { ItemCradle } from "../container.ts";
import { toErrorDetail } from "./item-error-detail.ts";
import { itemMapper, toItemChanges, toItemSyncAction, toNewItem } from "./item-mapper.ts";

/**
 * The handlers of ItemService: each calls one use case and maps what goes in and comes out. Requests have
 * been validated, but for those on streams.
 */
export const itemHandlers: ScopedHandlers<ItemServiceService, ItemCradle> = {
  async getItem(request, { resolve }) {
    return itemMapper.toProto(await resolve("getItem")(request.id));
  },

  async createItem(request, { resolve }) {
    return itemMapper.toProto(await resolve("createItem")(toNewItem(request)));
  },

  async updateItem(request, { resolve }) {
    return itemMapper.toProto(await resolve("updateItem")(request.id, toItemChanges(request)));
  },

  async deleteItem(request, { resolve }) {
    await resolve("deleteItem")(request.id);
    return {};
  },

  async *listItems(request, context) {
    const { items, nextPageToken } = await context.resolve("listItems")(request);
    if (nextPageToken !== undefined) {
      context.setTrailer("next-page-token", nextPageToken);
    }
    for (const item of items) {
      yield itemMapper.toProto(item);
    }
  },

  // What is wrong with one item is a part of the answer, so the use case checks each.
  async batchCreateItems(requests, { resolve }) {
    const { createdIds, failures } = await resolve("batchCreateItems")(toNewItems(requests));
    return {
      createdCount: createdIds.length,
      createdIds: [...createdIds],
      errors: failures.map(({ index, error }) =>
        toErrorDetail(error, new Map([["index", String(index)]])),
      ),
    };
  },

  async *syncItems(requests, { resolve }) {
    const syncItem = resolve("syncItem");
    for await (const request of requests) {
      yield await answerAction(syncItem, request);
    }
  },
};

async function* toNewItems(requests: AsyncIterable<CreateItemRequest>) {
  for await (const request of requests) {
    yield toNewItem(request);
  }
}

/** What is wrong with one action is its answer; anything else ends the stream. */
async function answerAction(sync: SyncItem, request: ItemSyncRequest): Promise<ItemSyncResponse> {
  try {
    const id = await sync(toItemSyncAction(request));
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
