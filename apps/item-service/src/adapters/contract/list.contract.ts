import { describe, expect, it } from "vitest";
import type {
  ItemListQuery,
  ItemRepository,
  ListedItem,
} from "../../application/item-repository.ts";
import {
  allItems,
  type CreateItemDatabase,
  insertAll,
  makeItem,
  makeItems,
} from "./item-database.contract.ts";

/** Pages of the list of all items, and the secret that signs their tokens. */
export function describeLists(createDatabase: CreateItemDatabase): void {
  async function openItems(): Promise<ItemRepository> {
    const database = await createDatabase();
    const { items } = await database.open();
    return items;
  }

  /** All pages to the end. `meanwhile` runs after each. */
  async function readPages(
    repository: ItemRepository,
    query: ItemListQuery,
    meanwhile: () => Promise<unknown> = async () => undefined,
  ): Promise<readonly ListedItem[]> {
    const page = await repository.list(query);
    await meanwhile();
    const last = page.at(-1);
    return last === undefined
      ? []
      : [...page, ...(await readPages(repository, { ...query, after: last.position }, meanwhile))];
  }

  describe("list", () => {
    it("returns the oldest first, after a position and up to a limit", async () => {
      const repository = await openItems();
      const items = makeItems(5);
      await insertAll(repository, items);
      const firstTwo = await repository.list({ limit: 2 });
      const nextTwo = await repository.list({ limit: 2, after: firstTwo.at(-1)?.position });
      const rest = await repository.list({ limit: 2, after: nextTwo.at(-1)?.position });
      const pages = [firstTwo, nextTwo, rest].map((page) => page.map(({ item }) => item));
      expect(pages).toEqual([items.slice(0, 2), items.slice(2, 4), items.slice(4)]);
      expect(await repository.list({ limit: 2, after: rest.at(-1)?.position })).toEqual([]);
    });

    it("keeps the order of a batch, and of items added one by one", async () => {
      const repository = await openItems();
      const batch = makeItems(20);
      await insertAll(repository, batch);
      const later = makeItems(5);
      for (const item of later) {
        await repository.insert(item);
      }
      expect(await allItems(repository)).toEqual([...batch, ...later]);
    });

    it("never uses a position again", async () => {
      const repository = await openItems();
      const deleted = await repository.insert(makeItem());
      const [before] = await repository.list({ limit: 1 });
      await repository.delete(deleted.id);
      await repository.insert(makeItem());
      const [after] = await repository.list({ limit: 1 });
      expect(after?.position).toBeGreaterThan(before?.position ?? Number.NaN);
    });

    it("G16: lists each item that was there once, in order, while others come, change and go", async () => {
      const database = await createDatabase();
      const [{ items: reader }, { items: writer }] = [await database.open(), await database.open()];
      const items = makeItems(30);
      await insertAll(writer, items);
      const short = items.slice(0, 10);
      let turns = 0;
      const disturb = async (): Promise<void> => {
        turns += 1;
        const gone = short.shift();
        if (gone !== undefined) {
          await insertAll(writer, makeItems(2));
          await writer.save({ id: items[29]?.id ?? "" }, (item = makeItem()) => ({
            ...item,
            quantity: turns,
          }));
          await writer.delete(gone.id);
        }
      };
      const listed = await readPages(reader, { limit: 3 }, disturb);
      const ids = listed.map(({ item }) => item.id);
      expect(new Set(ids).size).toBe(ids.length);
      const stayed = items.slice(10).map(({ id }) => id);
      expect(ids.filter((id) => stayed.includes(id))).toEqual(stayed);
      const positions = listed.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((one, other) => one - other));
      expect(turns).toBeGreaterThan(10);
    });

    it("never shows a part of a batch", async () => {
      const database = await createDatabase();
      const [{ items: reader }, { items: writer }] = [await database.open(), await database.open()];
      let isWritten = false;
      const writing = (async () => {
        for (let batch = 0; batch < 10; batch += 1) {
          await insertAll(writer, makeItems(50));
        }
        isWritten = true;
      })();
      const sizes = new Set<number>();
      while (!isWritten) {
        sizes.add((await allItems(reader)).length % 50);
        await new Promise(setImmediate);
      }
      await writing;
      expect([...sizes]).toEqual([0]);
      expect(await allItems(reader)).toHaveLength(500);
    });
  });

  describe("pageTokenSecret", () => {
    it("is the same for all stores on a database, and another for another database", async () => {
      const database = await createDatabase();
      const stores = await Promise.all([database.open(), database.open(), database.open()]);
      const secrets = await Promise.all(stores.map(({ items }) => items.pageTokenSecret()));
      expect(secrets[0]).toHaveLength(32);
      expect(secrets).toEqual(Array(3).fill(secrets[0]));
      const other = await openItems();
      expect(await other.pageTokenSecret()).not.toEqual(secrets[0]);
    });
  });
}
