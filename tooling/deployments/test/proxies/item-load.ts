import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import type { CallOptions } from "@grpc-kit/grpc-client";
import { all, type ItemStub, newItem, upsert } from "../item-stub.ts";

export interface FailedCall {
  readonly method: string;
  /** Its name. */
  readonly code: string;
  readonly details: string;
  /** Whether headers of an answer had come. From then on no client repeats the call by itself. */
  readonly isBegun: boolean;
}

export interface LoadReport {
  readonly calls: number;
  readonly failures: readonly FailedCall[];
  /** What callers were told is created. */
  readonly created: readonly string[];
  /** What callers were told nothing of: it may be created or not. */
  readonly unknown: readonly string[];
}

export interface ItemLoad {
  readonly calls: number;
  /** Settles when the calls that run have ended. */
  stop(): Promise<LoadReport>;
}

export interface ItemLoadOptions {
  readonly lanes: number;
  /** Whether writes have idempotency keys. Default: false. */
  readonly isKeyed?: boolean;
  /** How long a lane rests between two calls. Default: 0, not at all. */
  readonly pauseMs?: number;
}

/**
 * Calls methods of each kind over and over, `lanes` calls at a time. No sku is used twice, so that
 * a write that is done twice fails with ALREADY_EXISTS, or in a batch with an error. With `isKeyed` writes
 * have idempotency keys, so that those that come twice are done once.
 */
export function startItemLoad(
  items: ItemStub,
  { lanes, isKeyed = false, pauseMs = 0 }: ItemLoadOptions,
): ItemLoad {
  const failures: FailedCall[] = [];
  const [created, unknown]: [string[], string[]] = [[], []];
  let [calls, isStopped] = [0, false];

  /** Makes a call that creates items with these skus. Returns whether it has succeeded. */
  async function make(
    method: string,
    skus: readonly string[],
    call: (options: CallOptions) => Promise<unknown>,
  ): Promise<boolean> {
    let isBegun = false;
    const onHeaders = (): void => {
      isBegun = true;
    };
    const metadata = new Metadata();
    if (isKeyed && skus.length > 0) {
      metadata.set("idempotency-key", randomUUID());
    }
    calls += 1;
    if (pauseMs > 0) {
      await delay(pauseMs);
    }
    try {
      await call({ metadata, onHeaders });
      created.push(...skus);
      return true;
    } catch (error) {
      const { code, details } = error as { code?: number; details?: string };
      const name = code === undefined ? String(error) : (status[code] ?? String(code));
      failures.push({ method, code: name, details: details ?? "", isBegun });
      unknown.push(...skus);
      return false;
    }
  }

  async function goOn(): Promise<void> {
    while (!isStopped) {
      const sku = randomUUID();
      let id = "";
      const isCreated = await make("CreateItem", [sku], async (options) => {
        ({ id } = await items.createItem(newItem(sku), options));
      });
      for (let reads = 0; isCreated && reads < 5; reads += 1) {
        await make("GetItem", [], (options) => items.getItem({ id }, options));
      }
      const list = { pageSize: 5, pageToken: "", filter: "" };
      await make("ListItems", [], (options) => all(items.listItems(list, options)));
      const batch = [randomUUID(), randomUUID(), randomUUID()];
      await make("BatchCreateItems", batch, async (options) => {
        const { errors } = await items.batchCreateItems(batch.map(newItem), options);
        expectNone(errors);
      });
      const synced = [randomUUID(), randomUUID()];
      await make("SyncItems", synced, async (options) => {
        const answers = await all(items.syncItems(synced.map(upsert), options));
        expectNone(answers.filter(({ success }) => !success));
      });
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, goOn));
  return {
    get calls() {
      return calls;
    },
    async stop() {
      isStopped = true;
      await running;
      return { calls, failures, created, unknown };
    },
  };
}

function expectNone(errors: readonly unknown[]): void {
  if (errors.length > 0) {
    throw new Error(`items were refused: ${JSON.stringify(errors)}`);
  }
}
