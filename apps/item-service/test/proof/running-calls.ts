import { PassThrough } from "node:stream";
import {
  type CreateItemRequest,
  Item,
  type ItemSyncRequest,
  type ListItemsRequest,
} from "@grpc-kit/generated-protos/examples/items";
import type { CallOptions } from "@grpc-kit/grpc-client";
import type { GrpcCallError } from "@grpc-kit/grpc-status";
import type { CallKind } from "@grpc-kit/testing";
import { expect } from "vitest";
import { all } from "../../src/demo/all.ts";
import { callErrorOf, type ItemStub, newItem } from "../serve.ts";
import { holdDatabase } from "./items-database.ts";
import type { WatchedItems } from "./watched-items.ts";

export interface RunningCallOptions extends CallOptions {
  readonly timeoutMs?: number;
}

/** A call of the real service that goes on until somebody ends it. */
export interface RunningCall {
  /** "CreateItem" */
  readonly method: string;
  /** What the call has created when it is ended before its time. */
  readonly created: readonly string[];
  /** Reads what is left and tells how the call failed. */
  failure(): Promise<GrpcCallError>;
}

type Begin = (items: WatchedItems, options: RunningCallOptions) => Promise<RunningCall>;

/** Begins a call of each kind. It resolves when the handler runs. */
export const beginCall: Readonly<Record<CallKind, Begin>> = {
  // Its item has to wait for another writer.
  async unary({ client, service, databasePath }, options) {
    holdDatabase(databasePath);
    const failed = callErrorOf(client.createItem(newItem("waits"), options));
    await expect.poll(() => service.inFlight).toBe(1);
    return { method: "CreateItem", created: [], failure: () => failed };
  },

  async serverStream(items, options) {
    const created = await createPage(items);
    const page = items.client.listItems(wholePage, options);
    await page.next();
    expect(items.service.inFlight).toBe(1);
    return { method: "ListItems", created, failure: () => callErrorOf(all(page)) };
  },

  async clientStream({ client, service }, options) {
    const failed = callErrorOf(client.batchCreateItems(endless(["a", "b", "c"]), options));
    await expect.poll(() => service.inFlight).toBe(1);
    return { method: "BatchCreateItems", created: [], failure: () => failed };
  },

  async bidi({ client, service }, options) {
    const actions = new PassThrough({ objectMode: true });
    const answers = client.syncItems(actions, options);
    actions.write(upsertOf("answered"));
    expect((await answers.next()).value).toMatchObject({ success: true });
    expect(service.inFlight).toBe(1);
    return {
      method: "SyncItems",
      created: ["answered"],
      failure: () => callErrorOf(all(answers)),
    };
  },
};

/** Asks for what `createPage` has created. */
export const wholePage: ListItemsRequest = { pageSize: 500, pageToken: "", filter: "" };

/**
 * Creates items that make a page of 1 MB and returns their skus. That is more than all windows on the
 * way hold, so that who lists them and does not read has the handler wait.
 */
export async function createPage({
  client,
}: Pick<WatchedItems, "client">): Promise<readonly string[]> {
  const description = "x".repeat(2_000);
  const skus = Array.from({ length: wholePage.pageSize }, (_, index) => `large-${index}`);
  await client.batchCreateItems(skus.map((sku) => ({ ...newItem(sku), description })));
  return skus;
}

/** A stream of a caller who waits for each answer. */
export interface OpenSync {
  /** Has an item with this sku and quantity created or changed. */
  apply(sku: string, quantity?: number): Promise<void>;
  end(): Promise<void>;
}

export function openSync(client: ItemStub): OpenSync {
  const actions = new PassThrough({ objectMode: true });
  const answers = client.syncItems(actions);
  return {
    async apply(sku, quantity = 1) {
      actions.write(upsertOf(sku, { quantity }));
      expect((await answers.next()).value).toMatchObject({ success: true });
    },
    async end() {
      actions.end();
      expect((await answers.next()).done).toBe(true);
    },
  };
}

/** The action that makes the item with the sku what `newItem` has of it. */
export function upsertOf(sku: string, fields: Partial<Item> = {}): ItemSyncRequest {
  const value = Item.create({ ...newItem(sku), isActive: true, ...fields });
  return { action: { $case: "upsert", value } };
}

async function* endless(skus: readonly string[]): AsyncGenerator<CreateItemRequest> {
  for (const sku of skus) {
    yield newItem(sku);
  }
  await new Promise(() => {});
}
