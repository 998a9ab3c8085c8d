import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseItemFilter } from "../../application/item-filter-parser.ts";
import type { BatchItem } from "../../application/item-repository.ts";
import type { ItemStore } from "../../application/item-store.ts";
import { allItems, insertAll, makeItem, makeItems } from "../contract/item-database.contract.ts";
import { openSqliteItemStore } from "./item-store.ts";

const unavailable = { name: "ExternalServiceError", reason: "DATABASE_UNAVAILABLE" };
const nowhere = parseItemFilter('description : "nowhere"');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-item-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function open(path: string, busyLimitMs?: number): Promise<ItemStore> {
  const limit = busyLimitMs === undefined ? {} : { busyLimitMs };
  const store = await openSqliteItemStore({ path, now: () => new Date(), ...limit });
  onTestFinished(() => store.close());
  return store;
}

/** Another process, as far as SQLite can tell, that has begun to write. */
function lock(path: string): DatabaseSync {
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  return other;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How many turns the event loop makes until `work` settles. */
async function countTurns(work: Promise<unknown>): Promise<number> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  work.then(settle, settle);
  let turns = 0;
  for (; !isSettled; turns += 1) {
    await turn();
  }
  return turns;
}

describe("a SQLite store", () => {
  it("lets the event loop go on while it adds a batch, which nobody sees before its end", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    const first = await items.insert(makeItem());
    const insertion = insertAll(items, makeItems(5_000));
    const seen: unknown[] = [];
    const finds = (async () => {
      for (let count = 0; count < 10; count += 1) {
        await turn();
        seen.push(await items.find({ id: first.id }), (await allItems(items)).length);
      }
    })();
    expect(await countTurns(insertion)).toBeGreaterThanOrEqual(50);
    await finds;
    expect(seen).toEqual(Array(10).fill([first, 1]).flat());
    expect(await allItems(items)).toHaveLength(1_000);
  });

  it("lets the event loop go on while it looks for what is nowhere", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    const batch = makeItems(50_000);
    await insertAll(items, batch);
    const listing = items.list({ filter: nowhere, limit: 10 });
    // The slices have at most 4,096 items.
    expect(await countTurns(listing)).toBeGreaterThanOrEqual(12);
    expect(await listing).toEqual([]);
  });

  it("stops looking once nobody waits any more", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    await insertAll(items, makeItems(50_000));
    const controller = new AbortController();
    const reason = new Error("nobody waits any more");
    const listing = items.list({ filter: nowhere, limit: 10 }, { signal: controller.signal });
    controller.abort(reason);
    expect(await countTurns(listing)).toBeLessThanOrEqual(2);
    await expect(listing).rejects.toBe(reason);
  });

  it("undoes a batch if nobody waits any more at its end", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    const controller = new AbortController();
    const reason = new Error("nobody waits any more");
    function* parts(): Generator<readonly BatchItem[]> {
      yield [{ index: 0, item: makeItem() }];
      controller.abort(reason);
    }
    const batch = { parts: parts(), maxTaken: 0 };
    const insertion = items.insertMany(batch, { signal: controller.signal });
    await expect(insertion).rejects.toBe(reason);
    expect(await allItems(items)).toEqual([]);
  });

  it("finds a sku among many without a look at the others", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    const batch = makeItems(20_000);
    await insertAll(items, batch);
    const item = batch[15_000];
    const filter = parseItemFilter(`sku = "${item?.sku}" AND quantity > 0`);
    const listing = items.list({ filter, limit: 10 });
    expect(await countTurns(listing)).toBeLessThanOrEqual(1);
    expect((await listing).map((listed) => listed.item)).toEqual([item]);
  });

  it("lists the items of one moment, however long that takes", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    const moved = makeItem({ sku: "MOVED", description: "asked" });
    await items.insert(moved);
    await insertAll(items, makeItems(50_000));
    const filter = parseItemFilter('description = "asked"');
    const listing = items.list({ filter, limit: 10 });
    await turn();
    await items.delete(moved.id);
    await items.insert(makeItem({ sku: "MOVED", description: "asked" }));
    expect((await listing).map(({ item }) => item)).toEqual([moved]);
  });

  it("runs more long lists at once than it has connections for, and all end", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    await insertAll(items, makeItems(10_000));
    const listings = Array.from({ length: 50 }, () => items.list({ filter: nowhere, limit: 1 }));
    expect(await Promise.all(listings)).toEqual(Array(50).fill([]));
  });

  it("uses its connections again", async () => {
    const { items } = await open(join(temporaryFolder(), "items.db"));
    const list = () => items.list({ filter: nowhere, limit: 1 });
    await list();
    const before = readdirSync("/dev/fd").length;
    for (let count = 0; count < 50; count += 1) {
      await list();
    }
    expect(readdirSync("/dev/fd").length).toBeLessThan(before + 25);
  });

  it("works in memory as in a file", async () => {
    const store = await open(":memory:");
    const { items } = store;
    const [insertion, listing] = [
      insertAll(items, makeItems(900)),
      items.list({ filter: nowhere, limit: 10 }),
    ];
    const item = await items.insert(makeItem());
    expect(await listing).toEqual([]);
    expect((await insertion).createdIds).toHaveLength(900);
    expect((await allItems(items)).at(-1)).toEqual(item);
    await items.delete(item.id);
    await store.ping();
    expect(await allItems(items)).toHaveLength(900);
    const other = await open(":memory:");
    expect(await allItems(other.items)).toEqual([]);
  });

  it("fails what runs when it is closed", async () => {
    const path = join(temporaryFolder(), "items.db");
    const store = await open(path);
    const item = await store.items.insert(makeItem());
    const running = [
      insertAll(store.items, makeItems(5_000)),
      store.items.insert(makeItem()),
      store.items.save({ id: item.id }, () => item),
    ];
    await turn();
    const outcomes = Promise.allSettled(running);
    await store.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
    }
    const next = await open(path);
    expect(await allItems(next.items)).toEqual([item]);
  });
});

describe("a SQLite store whose file another process has locked", () => {
  it("waits without holding the event loop, and reads meanwhile", async () => {
    const path = join(temporaryFolder(), "items.db");
    const { items } = await open(path);
    const first = await items.insert(makeItem());
    const other = lock(path);
    let writes = 0;
    const writing = [
      items.insert(makeItem()),
      items.save({ id: first.id }, () => ({ ...first, quantity: 7 })),
      insertAll(items, makeItems(3)),
    ].map(async (write) => {
      await write;
      writes += 1;
    });
    for (let count = 0; count < 100; count += 1) {
      await turn();
      expect(await items.find({ id: first.id })).toEqual(first);
    }
    expect(writes).toBe(0);
    other.exec("COMMIT");
    await Promise.all(writing);
    expect(await allItems(items)).toHaveLength(5);
  });

  it("gives up after its limit, even if many wait, and works again by itself", async () => {
    const path = join(temporaryFolder(), "items.db");
    const { items } = await open(path, 500);
    const other = lock(path);
    // One after the other they would take 100 seconds.
    const writing = Array.from({ length: 200 }, () => items.insert(makeItem()));
    for (const outcome of await Promise.allSettled(writing)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
    }
    await expect(insertAll(items, makeItems(3))).rejects.toMatchObject(unavailable);
    other.exec("COMMIT");
    const item = await items.insert(makeItem());
    expect(await allItems(items)).toEqual([item]);
  });

  it("stops waiting for a call that nobody waits for", async () => {
    const path = join(temporaryFolder(), "items.db");
    const { items } = await open(path);
    const other = lock(path);
    const reason = new Error("nobody waits any more");
    const controller = new AbortController();
    const call = { signal: controller.signal };
    const writing = [
      items.insert(makeItem(), call),
      items.insertMany({ parts: [], maxTaken: 0 }, call),
      items.insert(makeItem(), call),
    ];
    await turn();
    controller.abort(reason);
    for (const write of writing) {
      await expect(write).rejects.toBe(reason);
    }
    other.exec("COMMIT");
    expect(await allItems(items)).toEqual([]);
    await items.insert(makeItem());
  });
});

describe("a SQLite store whose file is at fault", () => {
  it("is not opened on what is no database, and says so", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "items.db");
    writeFileSync(path, "something else, and long enough to be looked at ".repeat(50));
    await expect(open(path)).rejects.toMatchObject({
      ...unavailable,
      message: `sqlite:${path} cannot be opened: the database is unavailable: it is not a database of SQLite`,
    });
    mkdirSync(join(folder, "folder"));
    await expect(open(join(folder, "folder"))).rejects.toMatchObject(unavailable);
    await expect(open(join(path, "items.db"))).rejects.toMatchObject(unavailable);
  });

  it("tells that the file is gone instead of writing to it", async () => {
    const path = join(temporaryFolder(), "items.db");
    const store = await open(path);
    await store.ping();
    renameSync(path, `${path}.gone`);
    await expect(store.ping()).rejects.toMatchObject(unavailable);
    await expect(store.items.insert(makeItem())).rejects.toMatchObject(unavailable);
    await expect(insertAll(store.items, makeItems(3))).rejects.toMatchObject(unavailable);
    renameSync(`${path}.gone`, path);
    await store.ping();
    const item = await store.items.insert(makeItem());
    expect(await allItems(store.items)).toEqual([item]);
  });

  it("tells that the file is damaged", async () => {
    const path = join(temporaryFolder(), "items.db");
    const store = await open(path);
    await store.items.insert(makeItem());
    await store.close();
    // All pages but the first.
    writeFileSync(path, readFileSync(path).fill(0xff, 4_096));
    await expect(open(path)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining("it is damaged; restore it from a backup"),
    });
  });
});
