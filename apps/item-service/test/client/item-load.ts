import { randomUUID } from "node:crypto";
import type { Item } from "@grpc-kit/generated-protos/examples/items";
import type { CallOptions, CallStatus } from "@grpc-kit/grpc-client";
import { expect } from "vitest";
import { all } from "../../src/demo/all.ts";
import { type ItemStub, newItem } from "../serve.ts";

export interface ItemLoad {
  /** What calls have failed with. */
  readonly failures: readonly string[];
  /** The skus of all items that have been created. */
  readonly skus: readonly string[];
  /** How many calls a server has answered. */
  answeredBy(address: string): number;
  /** Settles when the calls that run have ended. */
  stop(): Promise<void>;
}

/** Calls all methods of the service over and over, `lanes` calls at a time. */
export function startItemLoad(items: ItemStub, lanes: number): ItemLoad {
  const failures: string[] = [];
  const skus: string[] = [];
  const answered = new Map<string, number>();
  let isStopped = false;

  const onStatus = ({ peer }: CallStatus): void => {
    answered.set(peer, (answered.get(peer) ?? 0) + 1);
  };
  async function make(what: string, call: (options: CallOptions) => Promise<unknown>) {
    await call({ onStatus }).catch((error: unknown) => failures.push(`${what}: ${error}`));
  }
  const nextItem = () => {
    const request = newItem(randomUUID());
    skus.push(request.sku);
    return request;
  };

  async function goOn(): Promise<void> {
    let id = "";
    while (!isStopped) {
      const created = nextItem();
      await make("CreateItem", async (options) => {
        ({ id } = await items.createItem(created, options));
      });
      // Unlike writes, reads wait for nothing.
      for (let reads = 0; reads < 20; reads += 1) {
        await make("GetItem", (options) => items.getItem({ id }, options));
      }
      await make("UpdateItem", (options) => items.updateItem({ id, quantity: 1 }, options));
      const list = { pageSize: 5, pageToken: "", filter: `sku = "${created.sku}"` };
      await make("ListItems", async (options) => {
        expect(await all(items.listItems(list, options))).toHaveLength(1);
      });
      const batch = [nextItem(), nextItem()];
      await make("BatchCreateItems", async (options) => {
        const { createdCount } = await items.batchCreateItems(batch, options);
        expect(createdCount).toBe(2);
      });
      const value = { ...nextItem(), id: "", isActive: true } as Item;
      const actions = [{ action: { $case: "upsert", value } } as const];
      await make("SyncItems", async (options) => {
        expect(await all(items.syncItems(actions, options))).toMatchObject([{ success: true }]);
      });
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, goOn));
  return {
    failures,
    skus,
    answeredBy: (address) => answered.get(address) ?? 0,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
