import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Metadata } from "@grpc/grpc-js";
import type { Item, ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import type { CallStatus } from "@grpc-kit/grpc-client";
import { all } from "../src/demo/all.ts";
import { newItem, type SoakParts, seedCount, seedPrefix } from "./scenario.ts";

const batchSize = 50;
const reads = 10;

/** An item is created twice by one key, read, changed by its version, found, and deleted. */
export async function liveAndDie(parts: SoakParts): Promise<void> {
  const { tally, client } = parts;
  const { items } = client;
  const request = newItem(parts);
  const metadata = withMetadata("idempotency-key", randomUUID());
  const create = () => tally.call("CreateItem", () => items.createItem(request, { metadata }));
  const created = await create();
  if (created === undefined) {
    return;
  }
  const { id } = created;
  tally.check((await create())?.id === id, "a key has created two items");
  let etag = "";
  const onStatus = (status: CallStatus): void => {
    etag = String(status.metadata.get("etag")[0] ?? "");
  };
  for (let each = 0; each < reads; each += 1) {
    await tally.call("GetItem", () => items.getItem({ id }, { onStatus }));
  }
  const change = { id, quantity: 1 };
  await tally.call("UpdateItem", () =>
    items.updateItem(change, { metadata: withMetadata("if-match", etag) }),
  );
  const list = { pageSize: 5, pageToken: "", filter: `sku = "${request.sku}"` };
  const found = await tally.call("ListItems", () => all(items.listItems(list)));
  tally.check(found?.[0]?.quantity === 1, "an item that was changed is not found so");
  await tally.call("DeleteItem", () => items.deleteItem({ id }));
}

/** A stream of new items; then they are changed and deleted, each answer before the next action. */
export async function createMany(parts: SoakParts): Promise<void> {
  const { tally, client } = parts;
  const batch = Array.from({ length: batchSize }, () => newItem(parts));
  const reply = await tally.call("BatchCreateItems", () => client.items.batchCreateItems(batch));
  const ids = reply?.createdIds ?? [];
  tally.check(ids.length === batchSize, "a batch is not whole");
  await deleteAll(parts, ids);
}

/** Deletes the items by a stream of actions. */
export async function deleteAll(
  { tally, client }: Pick<SoakParts, "tally" | "client">,
  ids: readonly string[],
): Promise<void> {
  const actions: ItemSyncRequest[] = ids.map((value) => ({ action: { $case: "deleteId", value } }));
  const replies = await tally.call("SyncItems", () => all(client.items.syncItems(actions)));
  tally.check(
    replies?.every(({ success }) => success) && replies.length === ids.length,
    "items that were there were not deleted",
  );
}

/** Creates the items that are there all the time. Gives their ids. */
export async function createSeeds(
  parts: Pick<SoakParts, "client" | "prefix">,
): Promise<readonly string[]> {
  const description = "It glows. ".repeat(100);
  const seeds = Array.from({ length: seedCount }, (_, index) =>
    newItem(parts, { description, sku: `${seedPrefix(parts)}${index}` }),
  );
  const { createdIds } = await parts.client.items.batchCreateItems(seeds);
  return createdIds;
}

/** Reads all seeds, slower than they come, so that the service has to wait. */
export async function readSlowly(parts: SoakParts): Promise<void> {
  const { tally, client } = parts;
  const list = { pageSize: 1_000, pageToken: "", filter: `sku : "${seedPrefix(parts)}"` };
  const read: Item[] = [];
  await tally.call("ListItems", async () => {
    for await (const item of client.items.listItems(list)) {
      read.push(item);
      await delay(2);
    }
  });
  tally.check(read.length === seedCount, "a slow reader has not got all items");
}

function withMetadata(key: string, value: string): Metadata {
  const metadata = new Metadata();
  if (value !== "") {
    metadata.set(key, value);
  }
  return metadata;
}
