import type { ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { all } from "./all.ts";
import type { Items } from "./items.ts";
import type { Progress } from "./progress.ts";

/** Deletes all items whose skus begin with `prefix`. */
export async function removeAll(items: Items, prefix: string, progress?: Progress): Promise<void> {
  for (;;) {
    const request = { pageSize: 1_000, pageToken: "", filter: `sku : "${prefix}"` };
    const page = await all(items.listItems(request));
    if (page.length === 0) {
      return;
    }
    const actions = page.map(
      ({ id }): ItemSyncRequest => ({ action: { $case: "deleteId", value: id } }),
    );
    for await (const { success, error } of items.syncItems(actions)) {
      if (!success) {
        throw new Error(`SyncItems: ${error?.message}`);
      }
      progress?.add(1);
    }
  }
}
