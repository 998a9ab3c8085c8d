import { randomUUID } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { type CallOptions, type CallStatus, createClientFactory } from "@grpc-kit/grpc-client";
import { toCallError } from "@grpc-kit/grpc-status";
import { expect, onTestFinished } from "vitest";
import { all } from "../../src/demo/all.ts";
import { type ItemStub, newItem } from "../serve.ts";
import { sendToken } from "../tokens.ts";
import { upsertOf } from "./running-calls.ts";
import { type ToldWrites, uncounted, type Write } from "./write-audit.ts";

export interface MixedLoadOptions {
  readonly target: string | readonly string[];
  readonly token: string;
  /** How many callers there are, each with connections of its own and one call at a time. */
  readonly lanes: number;
  /**
   * Whether writes have idempotency keys, and the stub may send them again. Callers then repeat what fails
   * all the same, with the same key; but not SyncItems, which has none.
   */
  readonly isKeyed: boolean;
}

export interface FailedCall {
  readonly method: string;
  readonly code: string;
  readonly details: string;
  /** Whether headers of an answer had come. From then on no client repeats the call by itself. */
  readonly isBegun: boolean;
}

/** Calls of all kinds, over and over, and what became of them. */
export interface MixedLoad extends ToldWrites {
  readonly failures: readonly FailedCall[];
  /** How many calls of a method have succeeded. */
  succeeded(method: string): number;
  /** Over all methods. */
  total(): number;
  /** How many calls have been repeated, by the stub or their caller. */
  repeated(): number;
  /** Settles when the calls that run have ended. */
  stop(): Promise<void>;
}

/** Calls all methods but DeleteItem, which is not the same when it is done twice. */
export function startMixedLoad(options: MixedLoadOptions): MixedLoad {
  const failures: FailedCall[] = [];
  const [done, unknown]: [Write[], Write[]] = [[], []];
  const successes = new Map<string, number>();
  let [repeated, isStopped] = [0, false];

  /** Makes a call. Returns whether it has succeeded. */
  async function make(
    method: string,
    writes: readonly Write[],
    call: (options: CallOptions) => Promise<unknown>,
  ): Promise<boolean> {
    const metadata = keyOf(options.isKeyed);
    const isRepeated = options.isKeyed && method !== "SyncItems";
    for (let tries = 1; ; tries += 1) {
      let isBegun = false;
      const onHeaders = (): void => {
        isBegun = true;
      };
      const onStatus = ({ attempts }: CallStatus): void => {
        repeated += Number(attempts > 1);
      };
      try {
        await call({ metadata, onHeaders, onStatus });
        break;
      } catch (error) {
        if (isRepeated && tries < 5) {
          repeated += 1;
          continue;
        }
        const { code, details } = toCallError(error);
        failures.push({ method, code: status[code], details, isBegun });
        unknown.push(...writes);
        return false;
      }
    }
    successes.set(method, (successes.get(method) ?? 0) + 1);
    done.push(...writes);
    return true;
  }

  async function goOn(items: ItemStub): Promise<void> {
    const stock = `stock-${randomUUID()}`;
    for (let round = 0; !isStopped; round += 1) {
      let id = "";
      const created = newItem(randomUUID());
      const isCreated = await make("CreateItem", [created], async (call) => {
        ({ id } = await items.createItem(created, call));
      });
      if (isCreated) {
        for (let reads = 0; reads < 5; reads += 1) {
          await make("GetItem", [], (call) => items.getItem({ id }, call));
        }
        const update = { id, quantity: uncounted };
        await make("UpdateItem", [], (call) => items.updateItem(update, call));
        const list = { pageSize: 5, pageToken: "", filter: `sku = "${created.sku}"` };
        await make("ListItems", [], async (call) => {
          expect(await all(items.listItems(list, call))).toHaveLength(1);
        });
      }
      const batch = Array.from({ length: 3 }, () => newItem(randomUUID()));
      await make("BatchCreateItems", batch, async (call) => {
        expect(await items.batchCreateItems(batch, call)).toMatchObject({
          createdCount: 3,
          errors: [],
        });
      });
      const upserts = [1, 2, 3].map((step) => ({ sku: stock, quantity: round * 3 + step }));
      await make("SyncItems", upserts, async (call) => {
        const actions = upserts.map(({ sku, quantity }) => upsertOf(sku, { quantity }));
        expect(await all(items.syncItems(actions, call))).toMatchObject(
          upserts.map(() => ({ success: true })),
        );
      });
    }
  }

  const lanes = Array.from({ length: options.lanes }, () => goOn(stubOfLane(options)));
  const running = Promise.all(lanes);
  const stop = async (): Promise<void> => {
    isStopped = true;
    await running;
  };
  onTestFinished(stop);
  return {
    failures,
    done,
    unknown,
    succeeded: (method) => successes.get(method) ?? 0,
    total: () => [...successes.values()].reduce((sum, calls) => sum + calls, 0),
    repeated: () => repeated,
    stop,
  };
}

/** Settles when each load has made so many calls more. */
export async function goOn(loads: readonly MixedLoad[], calls: number): Promise<void> {
  const wanted = loads.map((load) => load.total() + calls);
  const missing = () => loads.filter((load, index) => load.total() < (wanted[index] ?? 0));
  await expect.poll(() => missing().length, { timeout: 30_000 }).toBe(0);
}

/** A stub on connections of its own. With keys, it sends writes again that may have been lost. */
export function stubOfLane({ target, token, isKeyed }: Omit<MixedLoadOptions, "lanes">): ItemStub {
  const clients = createClientFactory({
    defaultStreamTimeoutMs: 30_000,
    descriptorSets: [fileDescriptorSet()],
    interceptors: [sendToken(target, token, undefined)],
  });
  onTestFinished(() => clients.close({ graceMs: 0 }));
  const channel = clients.createChannel(target, {
    credentials: "insecure",
    reconnectBackoff: { initialMs: 100, maxMs: 200 },
  });
  const idempotent = { idempotent: true };
  return clients.createStub(ItemServiceService, channel, {
    methods: isKeyed ? { createItem: idempotent, batchCreateItems: idempotent } : {},
  });
}

/** The metadata of a write, with a key if it is to have one. */
export function keyOf(isKeyed: boolean): Metadata {
  const metadata = new Metadata();
  if (isKeyed) {
    metadata.set("idempotency-key", randomUUID());
  }
  return metadata;
}
