import { mkdtempSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ItemStore } from "../../application/item-store.ts";
import { allItems, insertAll, makeItem, makeItems } from "../contract/item-database.contract.ts";
import { openSqliteItemStore } from "./item-store.ts";
import { createWriteAheadLog } from "./write-ahead-log.ts";

async function openStore(): Promise<{ readonly store: ItemStore; readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-write-ahead-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "items.db");
  const store = await openSqliteItemStore({ path, now: () => new Date() });
  onTestFinished(() => store.close());
  return { store, path };
}

/** The disk from here on: how often it is told to write, and how that goes. */
async function watchDisk(answer: () => Promise<void>): Promise<{ syncs: number }> {
  const file = await open(process.execPath);
  const prototype: FileHandle = Object.getPrototypeOf(file);
  await file.close();
  const datasync = prototype.datasync;
  const disk = { syncs: 0 };
  vi.spyOn(prototype, "datasync").mockImplementation(async function (this: FileHandle) {
    disk.syncs += 1;
    await answer();
    await datasync.call(this);
  });
  return disk;
}

const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

describe("the write-ahead log", () => {
  it("is on the disk before anything is answered, with one wait for all that come at once", async () => {
    const { store } = await openStore();
    const { promise, resolve } = Promise.withResolvers<void>();
    const disk = await watchDisk(() => promise);
    let answers = 0;
    const write = async (work: Promise<unknown>): Promise<void> => {
      await work;
      answers += 1;
    };
    const item = makeItem();
    const writing = [
      write(store.items.insert(item)),
      write(insertAll(store.items, makeItems(3))),
      write(store.items.save({ id: item.id }, () => ({ ...item, quantity: 7 }))),
      write(store.items.delete(makeItem().id)),
    ];
    await aWhile();
    // Those that came during the first wait share the next.
    writing.push(...Array.from({ length: 50 }, () => write(store.items.insert(makeItem()))));
    await aWhile();
    expect(answers).toBe(0);
    resolve();
    await Promise.all(writing);
    expect(answers).toBe(54);
    expect(disk.syncs).toBe(2);
  });

  it("lets writes fail that the disk did not keep, and others not", async () => {
    const { store } = await openStore();
    const cause = new Error("EIO");
    const answers = [Promise.reject(cause), Promise.resolve()];
    answers[0]?.catch(() => undefined);
    await watchDisk(async () => answers.shift());
    await expect(store.items.insert(makeItem())).rejects.toMatchObject({
      name: "ExternalServiceError",
      reason: "DATABASE_UNAVAILABLE",
      cause,
    });
    await store.items.insert(makeItem());
  });

  it("is copied by a thread after a large batch", async () => {
    const { store, path } = await openStore();
    const batch = makeItems(5_000);
    await insertAll(store.items, batch);
    const log = statSync(`${path}-wal`).size;
    expect(log).toBeGreaterThan(1_000_000);
    await expect.poll(() => statSync(path).size).toBeGreaterThan(log / 3);
    expect(await allItems(store.items)).toEqual(batch.slice(0, 1_000));
  });

  it("is copied by the commits of small transactions, before and after a large one", async () => {
    const { path } = await openStore();
    const writer = new DatabaseSync(path);
    onTestFinished(() => writer.close());
    const log = createWriteAheadLog(path, writer);
    onTestFinished(log.close);
    const pages = () => Object.values(writer.prepare("PRAGMA wal_autocheckpoint").get() ?? {});
    log.beforeCommit(19);
    expect(pages()).toEqual([1_000]);
    log.afterCommit();
    log.beforeCommit(20);
    expect(pages()).toEqual([0]);
    log.afterCommit();
    expect(pages()).toEqual([0]);
    await expect.poll(pages).toEqual([1_000]);
  });
});
