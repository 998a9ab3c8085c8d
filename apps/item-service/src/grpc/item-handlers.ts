import type {
  CreateItemRequest,
  ItemServiceService,
  ItemSyncRequest,
  ItemSyncResponse,
} from "@grpc-kit/generated-protos/examples/items";
import type { Handlers } from "@grpc-kit/grpc-server";
import type { ItemUseCases } from "../application/item-use-cases.ts";
import type { SyncItem } from "../application/sync-item.ts";
import { toItemChanges, toItemMessage, toItemSyncAction, toNewItem } from "./item-mapper.ts";
import { isItemError, toErrorDetail, withStatus } from "./item-status.ts";

/** The handlers of ItemService: each calls one use case and maps what goes in and comes out. */
export function createItemHandlers({
  getItem,
  createItem,
  updateItem,
  deleteItem,
  listItems,
  batchCreateItems,
  syncItem,
}: ItemUseCases): Handlers<ItemServiceService> {
  return {
    async getItem({ id }) {
      return toItemMessage(await withStatus(getItem(id)));
    },

    async createItem(request) {
      return toItemMessage(await withStatus(createItem(toNewItem(request))));
    },

    async updateItem(request) {
      const changes = toItemChanges(request);
      return toItemMessage(await withStatus(updateItem(request.id, changes)));
    },

    async deleteItem({ id }) {
      await withStatus(deleteItem(id));
      return {};
    },

    async *listItems(request, context) {
      const { items, nextPageToken } = await withStatus(listItems(request));
      if (nextPageToken !== undefined) {
        context.setTrailer("next-page-token", nextPageToken);
      }
      for (const item of items) {
        yield toItemMessage(item);
      }
    },

    async batchCreateItems(requests) {
      const { createdIds, failures } = await withStatus(batchCreateItems(toNewItems(requests)));
      return {
        createdCount: createdIds.length,
        createdIds: [...createdIds],
        errors: failures.map(({ index, error }) =>
          toErrorDetail(error, new Map([["index", String(index)]])),
        ),
      };
    },

    async *syncItems(requests) {
      for await (const request of requests) {
        yield await answerAction(syncItem, request);
      }
    },
  };
}

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
    if (!isItemError(error)) {
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
