import { ExternalServiceError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { makeItem, makeItems } from "../../src/adapters/contract/item-database.contract.ts";
import type { BatchItem, IdempotentCall } from "../../src/application/item-repository.ts";
import { startCommitCutter } from "./commit-cutter.ts";
import { openStore, query, usePostgres } from "./databases.ts";
import { startKeyedLoad } from "./keyed-load.ts";

const server = usePostgres();

const limits = {
  poolMax: 5,
  poolTimeoutMs: 500,
  connectTimeoutMs: 500,
  statementTimeoutMs: 1_000,
} as const;

describe("a PostgreSQL store under load", () => {
  it("G9: ends every call in time while the server hangs, and goes on after", async () => {
    const url = await server().createDatabase();
    const store = await openStore(url, limits);
    const load = startKeyedLoad(store, url);
    await load.more("answered", 5);
    await server().kill("SIGSTOP");
    try {
      await load.more("failed", 3);
    } finally {
      await server().kill("SIGCONT");
    }
    await load.more("answered", 5);
    // At the most: the wait for a connection, and the limit of a statement with its margin.
    expect(load.longestMs()).toBeLessThan(10_000);
    await load.finish();
  }, 60_000);

  it("G12: has each answered item once when the server dies and comes back, twice", async () => {
    const url = await server().createDatabase();
    const store = await openStore(url, limits);
    const load = startKeyedLoad(store, url);
    for (let round = 0; round < 2; round += 1) {
      await load.more("answered", 5);
      await server().kill("SIGKILL");
      await load.more("failed", 2);
      await server().restart();
    }
    await load.more("answered", 5);
    await load.finish();
  }, 60_000);
});

describe("a change whose commit is not answered", () => {
  it("G12: is UNAVAILABLE, and the same request finds it", async () => {
    const url = await server().createDatabase();
    const cutter = await startCommitCutter(url);
    const store = await openStore(cutter.url);
    const call = { idempotency: { caller: "test", key: "1", fingerprint: "1" } };
    const item = makeItem();
    cutter.cutNext();
    await expect(store.items.insert(item, call)).rejects.toMatchObject({
      reason: "DATABASE_UNAVAILABLE",
    });
    // The server may still be at it.
    await expect.poll(() => store.items.find({ id: item.id })).toEqual(item);
    expect(await store.items.insert(makeItem(), call)).toEqual(item);
    expect(await store.items.list({ limit: 10 })).toHaveLength(1);
  });
});

describe("a batch", () => {
  const PARTS = 20;
  const PART_ITEMS = 100;

  function makePart(part: number): readonly BatchItem[] {
    return makeItems(PART_ITEMS).map((item, position) => ({
      index: part * PART_ITEMS + position,
      item,
    }));
  }

  it("G13: is there as a whole or not at all when the server dies, and once after a retry", async () => {
    const url = await server().createDatabase();
    const store = await openStore(url);
    for (const [round, killedAt] of [0, 1, 7, PARTS - 1, PARTS].entries()) {
      await query(url, "TRUNCATE items");
      let killing: Promise<void> | undefined;
      function* parts(): Generator<readonly BatchItem[]> {
        for (let part = 0; part < PARTS; part += 1) {
          killing ??= part === killedAt ? server().kill("SIGKILL") : undefined;
          yield makePart(part);
        }
        // While the last statements and the commit are on their way.
        killing ??= server().kill("SIGKILL");
      }
      const key = String(round);
      const call: IdempotentCall = { idempotency: { caller: "test", key, fingerprint: key } };
      const first = await store.items
        .insertMany({ parts: parts(), maxTaken: 0 }, call)
        .catch((error: unknown) => error);
      await killing;
      await server().restart();
      const [row] = await query<{ count: number }>(url, "SELECT count(*)::int FROM items");
      if (first instanceof Error) {
        expect(first).toBeInstanceOf(ExternalServiceError);
        expect([0, PARTS * PART_ITEMS]).toContain(row?.count);
      } else {
        expect(row?.count).toBe(PARTS * PART_ITEMS);
      }
      const again = Array.from({ length: PARTS }, (_, part) => makePart(part));
      const { createdIds } = await store.items.insertMany({ parts: again, maxTaken: 0 }, call);
      const rows = await query<{ id: string }>(url, "SELECT id FROM items ORDER BY position");
      expect(rows.map(({ id }) => id)).toEqual(createdIds);
      expect(createdIds).toHaveLength(PARTS * PART_ITEMS);
    }
  }, 60_000);
});
