import { Metadata, status } from "@grpc/grpc-js";
import type { CallOptions } from "@grpc-kit/grpc-client";
import { all, type ItemStub } from "../../harness/item-stub.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { newItem, upsert } from "../../wire/items.ts";

export interface FailedCall {
  readonly method: string;
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
  /** Whether writes have idempotency keys, so that those that come twice are done once. */
  readonly isKeyed?: boolean;
  /** Whether streams are left out, which nobody repeats once they have begun. */
  readonly isUnaryOnly?: boolean;
}

/**
 * Calls methods of each kind over and over. No sku is used twice, so that a write that is done twice fails with
 * ALREADY_EXISTS, or in a batch with an error.
 */
export function startItemLoad(
  items: ItemStub,
  { lanes, isKeyed = false, isUnaryOnly = false }: ItemLoadOptions,
): ItemLoad {
  const failures: FailedCall[] = [];
  const [created, unknown]: [string[], string[]] = [[], []];
  let [calls, isStopped] = [0, false];

  async function make(
    method: string,
    skus: readonly string[],
    call: (options: CallOptions) => Promise<unknown>,
  ): Promise<boolean> {
    const metadata = new Metadata();
    if (isKeyed && skus.length > 0) {
      metadata.set("idempotency-key", crypto.randomUUID());
    }
    let isBegun = false;
    const onHeaders = (): void => {
      isBegun = true;
    };
    calls += 1;
    try {
      await call({ metadata, onHeaders });
      created.push(...skus);
      return true;
    } catch (error) {
      const { code, details = "" } = error as { code?: status; details?: string };
      failures.push({
        method,
        code: code === undefined ? String(error) : status[code],
        details,
        isBegun,
      });
      unknown.push(...skus);
      return false;
    }
  }

  async function stream(): Promise<void> {
    const list = { pageSize: 5, pageToken: "", filter: "" };
    await make("ListItems", [], (options) => all(items.listItems(list, options)));
    const batch = Array.from({ length: 3 }, () => crypto.randomUUID());
    await make("BatchCreateItems", batch, async (options) => {
      const { errors } = await items.batchCreateItems(batch.map(newItem), options);
      expectNone(errors);
    });
    const synced = [crypto.randomUUID(), crypto.randomUUID()];
    await make("SyncItems", synced, async (options) => {
      const answers = await all(
        items.syncItems(
          synced.map((sku) => upsert(newItem(sku))),
          options,
        ),
      );
      expectNone(answers.filter(({ success }) => !success));
    });
  }

  async function goOn(): Promise<void> {
    while (!isStopped) {
      const item = newItem();
      let id = "";
      const isCreated = await make("CreateItem", [item.sku], async (options) => {
        ({ id } = await items.createItem(item, options));
      });
      for (let reads = 0; isCreated && reads < 10; reads += 1) {
        await make("GetItem", [], (options) => items.getItem({ id }, options));
      }
      if (!isUnaryOnly) {
        await stream();
      }
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

/** Waits until each load has made so many calls more. */
export async function untilMade(loads: readonly ItemLoad[], calls: number): Promise<void> {
  const wanted = loads.map((load) => load.calls + calls);
  await waitUntil(() => loads.every((load, n) => load.calls >= (wanted[n] ?? 0)), {
    timeoutMs: 600_000,
    intervalMs: 20,
  });
}

/** What the items tell of writes that were done otherwise than callers were told. */
export function auditWrites(
  skus: readonly string[],
  reports: readonly LoadReport[],
): { readonly lost: number; readonly twice: number; readonly stray: number } {
  const there = new Set(skus);
  const told = new Set(reports.flatMap(({ created, unknown }) => [...created, ...unknown]));
  return {
    lost: reports.flatMap(({ created }) => created).filter((sku) => !there.has(sku)).length,
    twice: skus.length - there.size,
    stray: skus.filter((sku) => !told.has(sku)).length,
  };
}
