import { describe, expect, it } from "vitest";
import { IDEMPOTENCY_TTL_MS, type IdempotentRequest } from "../../application/idempotency.ts";
import type { ItemRepository } from "../../application/item-repository.ts";
import type { Item } from "../../domain/item.ts";
import {
  IdempotencyKeyReusedError,
  SkuTakenError,
  TooManyFailuresError,
} from "../../domain/item-errors.ts";
import {
  allItems,
  type CreateItemDatabase,
  makeItem,
  makeItems,
} from "./item-database.contract.ts";

const request: IdempotentRequest = { caller: "shop", key: "order-1", fingerprint: "create lamp" };
const call = { idempotency: request };
const reused = new IdempotencyKeyReusedError(request.key);

/** Requests that come more than once. */
export function describeIdempotency(createDatabase: CreateItemDatabase): void {
  async function openItems(): Promise<ItemRepository> {
    const database = await createDatabase();
    const { items } = await database.open();
    return items;
  }

  function batchOf(items: readonly Item[], maxTaken = 0) {
    return { parts: [items.map((item, index) => ({ index, item }))], maxTaken };
  }

  describe("an idempotent insert", () => {
    it("returns what it returned before, whatever has become of the item", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem({ price: 0.1, name: "Lämp 💡" }), call);
      expect(await repository.insert(makeItem(), call)).toEqual(item);
      await repository.save({ id: item.id }, () => ({ ...item, quantity: 7 }));
      expect(await repository.insert(makeItem({ sku: item.sku }), call)).toEqual(item);
      expect(await allItems(repository)).toEqual([{ ...item, quantity: 7 }]);
      await repository.delete(item.id);
      expect(await repository.insert(makeItem(), call)).toEqual(item);
      expect(await allItems(repository)).toEqual([]);
    });

    it("is new with another key, and for another caller", async () => {
      const repository = await openItems();
      const [first, second, third] = makeItems(3) as [Item, Item, Item];
      await repository.insert(first, call);
      await repository.insert(second, { idempotency: { ...request, key: "order-2" } });
      await repository.insert(third, { idempotency: { ...request, caller: "warehouse" } });
      expect(await allItems(repository)).toEqual([first, second, third]);
    });

    it("tells keys apart by case and by each character, and takes them as they are", async () => {
      const repository = await openItems();
      const keys = ["a", "A", "a ", "'; DROP TABLE items; --", "%", "_", "\\", "a".repeat(128)];
      for (const key of keys) {
        await repository.insert(makeItem(), { idempotency: { ...request, key } });
      }
      expect(await allItems(repository)).toHaveLength(keys.length);
    });

    it("refuses a key that came with something else, and changes nothing", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem(), call);
      const other = { idempotency: { ...request, fingerprint: "create desk" } };
      await expect(repository.insert(makeItem(), other)).rejects.toThrow(reused);
      await expect(repository.insertMany(batchOf([makeItem()]), other)).rejects.toThrow(reused);
      expect(await repository.insert(makeItem(), call)).toEqual(item);
      expect(await allItems(repository)).toEqual([item]);
    });

    it("G14: runs once for each key, if 50 come at once over two stores", async () => {
      const database = await createDatabase();
      const [one, other] = [await database.open(), await database.open()];
      const added: Item[] = [];
      for (let number = 0; number < 20; number += 1) {
        const idempotency = { ...request, key: `order-${number}` };
        const insertions = Array.from({ length: 25 }, () =>
          [one, other].map(({ items }) => items.insert(makeItem(), { idempotency })),
        ).flat();
        const [answer, ...others] = await Promise.all(insertions);
        expect(others).toEqual(Array(49).fill(answer));
        added.push(answer as Item);
      }
      expect(await allItems(one.items)).toEqual(added);
    });

    it("forgets that it failed", async () => {
      const repository = await openItems();
      const existing = await repository.insert(makeItem());
      const item = makeItem({ sku: existing.sku });
      await expect(repository.insert(item, call)).rejects.toThrow(SkuTakenError);
      await repository.delete(existing.id);
      expect(await repository.insert(item, call)).toEqual(item);
      expect(await allItems(repository)).toEqual([item]);
    });
  });

  describe("an idempotent insertMany", () => {
    it("returns what it returned before, without another look at the parts", async () => {
      const repository = await openItems();
      const existing = await repository.insert(makeItem());
      const [first, second] = [makeItem(), makeItem()];
      const batch = batchOf([first, makeItem({ sku: existing.sku }), second], 1);
      const inserted = await repository.insertMany(batch, call);
      expect(inserted).toEqual({ createdIds: [first.id, second.id], taken: [1] });
      await repository.delete(existing.id);
      const unread = {
        maxTaken: 0,
        get parts(): never {
          throw new Error("read");
        },
      };
      expect(await repository.insertMany(unread, call)).toEqual(inserted);
      expect(await allItems(repository)).toEqual([first, second]);
    });

    it("runs once if it comes many times at once, over two stores", async () => {
      const database = await createDatabase();
      const stores = [await database.open(), await database.open()];
      const insertions = [0, 1, 2, 3].map((number) =>
        stores[number % 2]?.items.insertMany(batchOf(makeItems(300)), call),
      );
      const answers = await Promise.all(insertions);
      const listed = await allItems(stores[1]?.items as ItemRepository);
      expect(answers).toEqual(Array(4).fill({ createdIds: listed.map(({ id }) => id), taken: [] }));
      expect(listed).toHaveLength(300);
    });

    it("forgets that it failed", async () => {
      const repository = await openItems();
      const existing = await repository.insert(makeItem());
      const item = makeItem({ sku: existing.sku });
      await expect(repository.insertMany(batchOf([item]), call)).rejects.toThrow(
        TooManyFailuresError,
      );
      await repository.delete(existing.id);
      const inserted = { createdIds: [item.id], taken: [] };
      expect(await repository.insertMany(batchOf([item]), call)).toEqual(inserted);
    });

    it("keeps the answer to 100,000 items", { timeout: 60_000 }, async () => {
      const repository = await openItems();
      const inserted = await repository.insertMany(batchOf(makeItems(100_000)), call);
      expect(inserted.createdIds).toHaveLength(100_000);
      expect(await repository.insertMany(batchOf([]), call)).toEqual(inserted);
    });
  });

  describe("an idempotency key", () => {
    it("is known for its time to live, by the clock of the store, and new after it", async () => {
      const database = await createDatabase();
      let time = Date.parse("2026-01-02T03:04:05.678Z");
      const { items } = await database.open(() => new Date(time));
      const first = await items.insert(makeItem(), call);
      time += IDEMPOTENCY_TTL_MS;
      expect(await items.insert(makeItem(), call)).toEqual(first);
      time += 1;
      const other = { idempotency: { ...request, fingerprint: "create desk" } };
      const second = await items.insert(makeItem(), other);
      expect(second).not.toEqual(first);
      time += IDEMPOTENCY_TTL_MS;
      expect(await items.insert(makeItem(), other)).toEqual(second);
      expect(await allItems(items)).toEqual([first, second]);
      expect(await database.countKeys()).toBe(1);
    });

    it("is removed by later requests with a key, once it has expired", async () => {
      const database = await createDatabase();
      let time = Date.parse("2026-01-02T03:04:05.678Z");
      const { items } = await database.open(() => new Date(time));
      const insertWithKey = (key: string): Promise<Item> =>
        items.insert(makeItem(), { idempotency: { ...request, key } });
      const keys = Array.from({ length: 20 }, (_, number) => `key-${number}`);
      for (const key of keys) {
        await insertWithKey(key);
      }
      expect(await database.countKeys()).toBe(20);
      time += IDEMPOTENCY_TTL_MS + 1;
      await items.insert(makeItem());
      for (const key of keys) {
        await insertWithKey(`later-${key}`);
      }
      expect(await database.countKeys()).toBe(20);
      expect(await allItems(items)).toHaveLength(41);
    });
  });
}
