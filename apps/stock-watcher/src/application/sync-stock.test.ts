import { setTimeout as delay } from "node:timers/promises";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { LineProblem, StockItems } from "./stock-items.ts";
import type { StockFileLine, StockSource } from "./stock-source.ts";
import { createSyncStock, type SyncStock } from "./sync-stock.ts";

const good = (number: number): StockFileLine => ({
  number,
  stock: { sku: `s-${number}`, name: "Lamp", description: "", quantity: 3, price: 9.5 },
});
const bad = (number: number): StockFileLine => ({
  number,
  error: new ValidationError([{ field: "quantity", description: "must be a number" }]),
});

/** A use case that reads these lines, and the order in which the items got them. */
function syncOf(
  read: () => Iterable<StockFileLine>,
  sync: StockItems["sync"],
): { readonly syncStock: SyncStock; readonly logged: readonly { readonly synced?: number }[] } {
  const logged: { readonly synced?: number }[] = [];
  const logger = pino({}, { write: (line) => logged.push(JSON.parse(line)) });
  const stockSource: StockSource = {
    async *read() {
      yield* read();
    },
    version: async () => undefined,
    watch: () => ({ next: async () => {}, close: () => {} }),
  };
  const stockItems: StockItems = { sync, find: async () => undefined };
  return { syncStock: createSyncStock({ stockSource, stockItems, logger }), logged };
}

const taken: LineProblem = { code: "ValidationError", message: "no", field: "upsert.sku" };

/** Refuses some lines, and answers each only when three more have been asked for. */
function refusing(...skus: readonly string[]): StockItems["sync"] {
  return async function* (lines) {
    const waiting: (LineProblem | undefined)[] = [];
    for await (const { sku } of lines) {
      waiting.push(skus.includes(sku) ? taken : undefined);
      if (waiting.length > 3) {
        yield waiting.shift();
      }
    }
    yield* waiting;
  };
}

describe("createSyncStock", () => {
  it("tells which line failed, whoever refused it, and applies the others", async () => {
    const lines = [good(1), bad(2), good(3), good(5), good(6), good(7)];
    const { syncStock } = syncOf(() => lines, refusing("s-3", "s-7"));
    const { syncedCount, failedCount, failures } = await syncStock();
    expect([syncedCount, failedCount]).toEqual([3, 3]);
    expect(failures).toEqual([
      { line: 2, sku: "", code: "ValidationError", field: "quantity", message: expect.any(String) },
      { line: 3, sku: "s-3", ...taken },
      { line: 7, sku: "s-7", ...taken },
    ]);
  });

  it("counts all failures and keeps a hundred", async () => {
    const lines = Array.from({ length: 250 }, (_, index) => bad(index + 1));
    const report = await syncOf(() => lines, refusing()).syncStock();
    expect(report).toMatchObject({ syncedCount: 0, failedCount: 250 });
    expect(report.failures.map(({ line }) => line)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });

  it("logs its progress through a long file", async () => {
    const lines = function* () {
      for (let number = 1; number <= 25_000; number += 1) {
        yield good(number);
      }
    };
    const { syncStock, logged } = syncOf(lines, refusing());
    expect(await syncStock()).toMatchObject({ syncedCount: 25_000, failedCount: 0 });
    expect(logged.map(({ synced }) => synced)).toEqual([10_000, 20_000]);
  });

  it("applies the file once at a time, and reads it anew each time", async () => {
    let [running, most, reads] = [0, 0, 0];
    const sync: StockItems["sync"] = async function* (lines) {
      running += 1;
      most = Math.max(most, running);
      for await (const _line of lines) {
        await delay(5);
        yield undefined;
      }
      running -= 1;
    };
    const { syncStock } = syncOf(() => {
      reads += 1;
      return [good(1), good(2)];
    }, sync);
    const reports = await Promise.all([syncStock(), syncStock(), syncStock()]);
    expect(reports.map(({ syncedCount }) => syncedCount)).toEqual([2, 2, 2]);
    expect([most, reads]).toEqual([1, 3]);
  });

  it("goes on with the next after one that fails, and leaves out whom nobody waits for", async () => {
    let calls = 0;
    const sync: StockItems["sync"] = async function* (lines) {
      calls += 1;
      if (calls === 1) {
        throw new Error("away");
      }
      yield* refusing()(lines);
    };
    const { syncStock } = syncOf(() => [good(1)], sync);
    const results = await Promise.allSettled([
      syncStock(),
      syncStock({ signal: AbortSignal.abort(new Error("gone")) }),
      syncStock(),
    ]);
    expect(results).toMatchObject([
      { reason: { message: "away" } },
      { reason: { message: "gone" } },
      { value: { syncedCount: 1 } },
    ]);
    expect(calls).toBe(2);
  });

  it("does not take a stream that ended early for a file that was applied", async () => {
    const early: StockItems["sync"] = async function* () {
      yield undefined;
    };
    await expect(syncOf(() => [good(1), good(2)], early).syncStock()).rejects.toMatchObject({
      name: "SyncEndedEarlyError",
    });
    const silent: StockItems["sync"] = async function* (lines) {
      for await (const { sku } of lines) {
        if (sku === "s-1") {
          yield undefined;
        }
      }
    };
    await expect(syncOf(() => [good(1), good(2)], silent).syncStock()).rejects.toMatchObject({
      name: "SyncEndedEarlyError",
    });
  });
});
