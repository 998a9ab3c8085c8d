import { describe, expect, it } from "vitest";
import { parseItemFilter } from "../../application/item-filter-parser.ts";
import type {
  BatchItem,
  ItemRepository,
  RepositoryCall,
} from "../../application/item-repository.ts";
import {
  allItems,
  type CreateItemDatabase,
  insertAll,
  makeItem,
  makeItems,
} from "./item-database.contract.ts";

const reason = new Error("nobody waits any more");

type Method = (repository: ItemRepository, id: string, call: RepositoryCall) => Promise<unknown>;

const writes: readonly (readonly [name: string, method: Method])[] = [
  ["insert", (repository, _, call) => repository.insert(makeItem(), call)],
  [
    "insertMany",
    (repository, _, call) =>
      repository.insertMany({ parts: [[{ index: 0, item: makeItem() }]], maxTaken: 0 }, call),
  ],
  ["save", (repository, id, call) => repository.save({ id }, () => makeItem({ id }), call)],
  ["delete", (repository, id, call) => repository.delete(id, call)],
];

/** Calls that nobody waits for, and the store as a whole. */
export function describeCalls(createDatabase: CreateItemDatabase): void {
  async function openItems(): Promise<ItemRepository> {
    const database = await createDatabase();
    const { items } = await database.open();
    return items;
  }

  describe("a signal that aborts", () => {
    it.each(writes)("keeps %s from changing anything, if before", async (_, method) => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const call = { signal: AbortSignal.abort(reason) };
      await expect(method(repository, item.id, call)).rejects.toBe(reason);
      expect(await allItems(repository)).toEqual([item]);
    });

    it.each(writes)("leaves alone what a %s has done", async (_, method) => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const controller = new AbortController();
      await method(repository, item.id, { signal: controller.signal });
      const items = await allItems(repository);
      controller.abort(reason);
      expect(items).not.toEqual([item]);
      expect(await allItems(repository)).toEqual(items);
    });

    it("undoes what there is of a batch, and the next write works", async () => {
      const repository = await openItems();
      const controller = new AbortController();
      let index = 0;
      function* parts(): Generator<readonly BatchItem[]> {
        for (; index < 10_000; index += 100) {
          yield makeItems(100).map((item, position) => ({ index: index + position, item }));
          if (index === 1_000) {
            controller.abort(reason);
          }
        }
      }
      const insertion = repository.insertMany(
        { parts: parts(), maxTaken: 0 },
        { signal: controller.signal },
      );
      await expect(insertion).rejects.toBe(reason);
      expect(index).toBeLessThan(2_000);
      expect(await allItems(repository)).toEqual([]);
      const item = await repository.insert(makeItem());
      expect(await allItems(repository)).toEqual([item]);
    });

    it("ends a list that has to look at many items", async () => {
      const repository = await openItems();
      await insertAll(repository, makeItems(20_000));
      const filter = parseItemFilter('description : "nowhere"');
      const controller = new AbortController();
      const listing = repository.list({ filter, limit: 10 }, { signal: controller.signal });
      controller.abort(reason);
      await expect(listing).rejects.toBe(reason);
      expect(await repository.list({ filter, limit: 10 })).toEqual([]);
    });
  });

  describe("migrations", () => {
    it("are those that the store has applied: all of a new database, and none of it later", async () => {
      const database = await createDatabase();
      const stores = await Promise.all([database.open(), database.open()]);
      const applied = stores.flatMap(({ migrations }) => migrations);
      expect(applied.length).toBeGreaterThan(0);
      expect(new Set(applied).size).toBe(applied.length);
      expect((await database.open()).migrations).toEqual([]);
    });
  });

  describe("ping", () => {
    it("settles while the database answers", async () => {
      const database = await createDatabase();
      const store = await database.open();
      expect(await store.ping()).toBeUndefined();
    });
  });

  describe("close", () => {
    it("makes whatever is asked later fail, and may be called twice", async () => {
      const database = await createDatabase();
      const store = await database.open();
      await store.close();
      await store.close();
      await expect(store.ping()).rejects.toThrow();
      await expect(store.items.find({ sku: "LAMP" })).rejects.toThrow();
      await expect(store.items.insert(makeItem())).rejects.toThrow();
      await expect(store.items.list({ limit: 1 })).rejects.toThrow();
    });

    it("keeps what was written, for the next store", async () => {
      const database = await createDatabase();
      const store = await database.open();
      const item = await store.items.insert(makeItem());
      const secret = await store.items.pageTokenSecret();
      await store.close();
      const next = await database.open();
      expect(await allItems(next.items)).toEqual([item]);
      expect(await next.items.pageTokenSecret()).toEqual(secret);
    });

    it("does not disturb another store", async () => {
      const database = await createDatabase();
      const [one, other] = [await database.open(), await database.open()];
      await one.close();
      const item = await other.items.insert(makeItem());
      expect(await allItems(other.items)).toEqual([item]);
    });
  });
}
