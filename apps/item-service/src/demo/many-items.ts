import { Metadata } from "@grpc/grpc-js";
import type { CreateItemRequest, ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import type { Items } from "./items.ts";
import { type Progress, showProgress } from "./progress.ts";
import { removeAll } from "./remove-all.ts";

// A batch has at most 100,000 items, and an answer with their ids at most 4 MiB.
const batchSize = 50_000;
const batchTimeoutMs = 600_000;

/** Creates many items by long streams, changes each, deletes them again, and shows how far it is. */
export async function manyItems(items: Items, prefix: string, count: number): Promise<void> {
  const creating = showProgress({ label: "BatchCreateItems: sent", total: count });
  for (let first = 0; first < count; first += batchSize) {
    const requests = newItems(prefix, first, Math.min(first + batchSize, count), creating);
    const metadata = new Metadata();
    // A batch whose answer is lost may be sent again: it is not created twice.
    metadata.set("idempotency-key", `${prefix}-${first}`);
    await items.batchCreateItems(requests, { metadata, timeoutMs: batchTimeoutMs });
  }
  creating.end();

  const changing = showProgress({ label: "SyncItems: changed", total: count });
  for await (const { success, error } of items.syncItems(changes(prefix, count), {
    timeoutMs: "none",
  })) {
    if (!success) {
      throw new Error(`SyncItems: ${error?.message}`);
    }
    changing.add(1);
  }
  changing.end();
  const deleting = showProgress({ label: "SyncItems: deleted", total: count });
  await removeAll(items, prefix, deleting);
  deleting.end();
}

function* newItems(
  prefix: string,
  first: number,
  end: number,
  progress: Progress,
): Generator<CreateItemRequest> {
  for (let index = first; index < end; index += 1) {
    yield itemAt(prefix, index, 1);
    progress.add(1);
  }
}

function* changes(prefix: string, count: number): Generator<ItemSyncRequest> {
  for (let index = 0; index < count; index += 1) {
    const item = itemAt(prefix, index, 2);
    const value = { ...item, id: "", isActive: true, createdAt: undefined, updatedAt: undefined };
    yield { action: { $case: "upsert", value } };
  }
}

function itemAt(prefix: string, index: number, quantity: number): CreateItemRequest {
  return {
    name: `Box ${index}`,
    description: "",
    sku: `${prefix}-box-${index}`,
    quantity,
    price: 1,
  };
}
