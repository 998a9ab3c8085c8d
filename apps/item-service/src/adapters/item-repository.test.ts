import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseItemFilter } from "../application/item-filter-parser.ts";
import type { ItemRepository } from "../application/item-repository.ts";
import type { Item } from "../domain/item.ts";
import { SkuTakenError } from "../domain/item-errors.ts";
import { openSqliteDatabase } from "./sqlite-database.ts";
import { createSqliteItemRepository } from "./sqlite-item-repository.ts";
import { migrateSqliteDatabase } from "./sqlite-migrations.ts";

/** A store of items that is empty, and goes when the test ends. */
interface ItemStore {
  connect(): ItemRepository;
}

// What every adapter of the port has to do. A new adapter is one more line here.
const adapters: readonly { readonly name: string; readonly createStore: () => ItemStore }[] = [
  { name: "sqlite", createStore: createSqliteStore },
];

function createSqliteStore(): ItemStore {
  const folder = mkdtempSync(join(tmpdir(), "item-repository-"));
  const databases: DatabaseSync[] = [];
  onTestFinished(() => {
    for (const database of databases) {
      database.close();
    }
    rmSync(folder, { recursive: true });
  });
  return {
    connect() {
      const database = openSqliteDatabase(join(folder, "items.db"));
      databases.push(database);
      migrateSqliteDatabase(database);
      return createSqliteItemRepository({ database });
    },
  };
}

function makeItem(fields: Partial<Item> = {}): Item {
  const id = randomUUID();
  const now = new Date("2026-01-02T03:04:05.678Z");
  return {
    id,
    name: "Lamp",
    description: "For a desk",
    sku: id,
    quantity: 3,
    price: 9.5,
    isActive: true,
    createdAt: now,
    updatedAt: now,
    ...fields,
  };
}

async function allItems(repository: ItemRepository): Promise<readonly Item[]> {
  const listed = await repository.list({ limit: 1_000 });
  return listed.map(({ item }) => item);
}

describe.each(adapters)("the item repository on $name", ({ createStore }) => {
  describe("find", () => {
    it("returns an item as it was inserted, by id and by sku", async () => {
      const repository = createStore().connect();
      const item = makeItem({
        name: "Lämp 💡 'quoted' \"twice\"; --",
        description: "two\nlines",
        quantity: 2_147_483_647,
        price: 0.1,
        isActive: false,
        createdAt: new Date(0),
        updatedAt: new Date("9999-12-31T23:59:59.999Z"),
      });
      await repository.insert(item);
      expect(await repository.find({ id: item.id })).toEqual(item);
      expect(await repository.find({ sku: item.sku })).toEqual(item);
    });

    it("returns undefined if there is none", async () => {
      const repository = createStore().connect();
      await repository.insert(makeItem({ sku: "LAMP" }));
      expect(await repository.find({ id: randomUUID() })).toBeUndefined();
      expect(await repository.find({ sku: "lamp" })).toBeUndefined();
    });
  });

  describe("insert", () => {
    it("refuses a sku that another item has", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      await repository.insert(item);
      await expect(repository.insert(makeItem({ sku: item.sku }))).rejects.toThrow(
        new SkuTakenError(item.sku),
      );
      expect(await allItems(repository)).toEqual([item]);
    });

    it("refuses an id that another item has, but not as a sku that is taken", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      await repository.insert(item);
      const insertion = repository.insert(makeItem({ id: item.id }));
      await expect(insertion).rejects.toThrow();
      await expect(insertion).rejects.not.toThrow(SkuTakenError);
      expect(await allItems(repository)).toEqual([item]);
    });
  });

  describe("insertMany", () => {
    it("adds all but those whose sku is taken before or within", async () => {
      const repository = createStore().connect();
      const existing = makeItem();
      await repository.insert(existing);
      const [first, second, third] = [makeItem(), makeItem(), makeItem()];
      const items = [
        first,
        makeItem({ sku: existing.sku }),
        second,
        makeItem({ sku: first.sku }),
        third,
      ];
      expect(await repository.insertMany(items)).toEqual([true, false, true, false, true]);
      expect(await allItems(repository)).toEqual([existing, first, second, third]);
    });

    it("adds nothing if it fails", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      await expect(repository.insertMany([item, makeItem({ id: item.id })])).rejects.toThrow();
      expect(await allItems(repository)).toEqual([]);
    });

    it("takes no items", async () => {
      expect(await createStore().connect().insertMany([])).toEqual([]);
    });
  });

  describe("save", () => {
    it("replaces the item and keeps its place", async () => {
      const repository = createStore().connect();
      const [first, second] = [makeItem(), makeItem()];
      await repository.insertMany([first, second]);
      const replaced = makeItem({ id: first.id, name: "Lantern", quantity: 0, isActive: false });
      expect(await repository.save({ id: first.id }, () => replaced)).toEqual(replaced);
      expect(await allItems(repository)).toEqual([replaced, second]);
    });

    it("finds the item by its sku as well", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      await repository.insert(item);
      await repository.save({ sku: item.sku }, () => ({ ...item, quantity: 7 }));
      expect(await allItems(repository)).toEqual([{ ...item, quantity: 7 }]);
    });

    it("adds the item if there is none", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      const seen: (Item | undefined)[] = [];
      await repository.save({ id: item.id }, (existing) => {
        seen.push(existing);
        return item;
      });
      expect(seen).toEqual([undefined]);
      expect(await allItems(repository)).toEqual([item]);
    });

    it("refuses a sku that another item has", async () => {
      const repository = createStore().connect();
      const [first, second] = [makeItem(), makeItem()];
      await repository.insertMany([first, second]);
      const taken = new SkuTakenError(first.sku);
      const replaced = { ...second, sku: first.sku };
      await expect(repository.save({ id: second.id }, () => replaced)).rejects.toThrow(taken);
      const added = makeItem({ sku: first.sku });
      await expect(repository.save({ id: added.id }, () => added)).rejects.toThrow(taken);
      expect(await allItems(repository)).toEqual([first, second]);
    });

    it("changes nothing if the change throws, and can be used again", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      await repository.insert(item);
      const fault = new Error("no");
      const saving = repository.save({ id: item.id }, () => {
        throw fault;
      });
      await expect(saving).rejects.toBe(fault);
      await repository.save({ id: item.id }, () => ({ ...item, quantity: 7 }));
      expect(await allItems(repository)).toEqual([{ ...item, quantity: 7 }]);
    });

    it("loses none of many changes at once, over two connections", async () => {
      const store = createStore();
      const connections = [store.connect(), store.connect()];
      const item = makeItem({ quantity: 0 });
      await store.connect().insert(item);
      const addOne = (existing = item): Item => ({ ...existing, quantity: existing.quantity + 1 });
      await Promise.all(
        Array.from({ length: 50 }, () =>
          connections.map((repository) => repository.save({ id: item.id }, addOne)),
        ).flat(),
      );
      expect(await allItems(store.connect())).toEqual([{ ...item, quantity: 100 }]);
    });

    it("adds one item if many add the same at once", async () => {
      const store = createStore();
      const connections = [store.connect(), store.connect()];
      const item = makeItem({ quantity: 0 });
      const addOne = (existing = item): Item => ({ ...existing, quantity: existing.quantity + 1 });
      await Promise.all(
        connections.map((repository) => repository.save({ sku: item.sku }, addOne)),
      );
      expect(await allItems(store.connect())).toEqual([{ ...item, quantity: 2 }]);
    });
  });

  describe("delete", () => {
    it("removes the item and says whether there was one", async () => {
      const repository = createStore().connect();
      const [first, second] = [makeItem(), makeItem()];
      await repository.insertMany([first, second]);
      expect(await repository.delete(first.id)).toBe(true);
      expect(await repository.delete(first.id)).toBe(false);
      expect(await allItems(repository)).toEqual([second]);
    });

    it("frees the sku", async () => {
      const repository = createStore().connect();
      const item = makeItem();
      await repository.insert(item);
      await repository.delete(item.id);
      await repository.insert(makeItem({ sku: item.sku }));
      expect(await allItems(repository)).toHaveLength(1);
    });
  });

  describe("list", () => {
    it("returns the oldest first, after a position and up to a limit", async () => {
      const repository = createStore().connect();
      const items = Array.from({ length: 5 }, () => makeItem());
      await repository.insertMany(items);
      const firstTwo = await repository.list({ limit: 2 });
      const nextTwo = await repository.list({ limit: 2, after: firstTwo.at(-1)?.position });
      const rest = await repository.list({ limit: 2, after: nextTwo.at(-1)?.position });
      const pages = [firstTwo, nextTwo, rest].map((page) => page.map(({ item }) => item));
      expect(pages).toEqual([items.slice(0, 2), items.slice(2, 4), items.slice(4)]);
    });

    it("never uses a position again", async () => {
      const repository = createStore().connect();
      const deleted = makeItem();
      await repository.insert(deleted);
      const [before] = await repository.list({ limit: 1 });
      await repository.delete(deleted.id);
      await repository.insert(makeItem());
      const [after] = await repository.list({ limit: 1 });
      expect(after?.position).toBeGreaterThan(before?.position ?? Number.NaN);
    });

    it("returns the items that the filter asks for", async () => {
      const repository = createStore().connect();
      const items = [1, 2, 3, 4].map((quantity) => makeItem({ quantity }));
      await repository.insertMany(items);
      const filter = parseItemFilter("quantity > 1 AND NOT quantity = 3");
      const listed = await repository.list({ filter, limit: 10 });
      expect(listed.map(({ item }) => item.quantity)).toEqual([2, 4]);
    });
  });

  describe("pageTokenSecret", () => {
    it("is the same for all connections to a store, and another for another store", async () => {
      const store = createStore();
      const secret = await store.connect().pageTokenSecret();
      expect(secret).toHaveLength(32);
      expect(await store.connect().pageTokenSecret()).toEqual(secret);
      expect(await createStore().connect().pageTokenSecret()).not.toEqual(secret);
    });
  });
});
