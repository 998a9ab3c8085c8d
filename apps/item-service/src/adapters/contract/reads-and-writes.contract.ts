import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ItemRepository } from "../../application/item-repository.ts";
import type { Item } from "../../domain/item.ts";
import { SkuTakenError } from "../../domain/item-errors.ts";
import {
  allItems,
  type CreateItemDatabase,
  insertAll,
  makeItem,
} from "./item-database.contract.ts";

/** Finding, inserting, saving and deleting of one item. */
export function describeReadsAndWrites(createDatabase: CreateItemDatabase): void {
  async function openItems(): Promise<ItemRepository> {
    const database = await createDatabase();
    const { items } = await database.open();
    return items;
  }

  async function openTwice(): Promise<readonly [ItemRepository, ItemRepository]> {
    const database = await createDatabase();
    const [one, other] = await Promise.all([database.open(), database.open()]);
    return [one.items, other.items];
  }

  const fault = new Error("no");
  const addOne = (item: Item): Item => ({ ...item, quantity: item.quantity + 1 });

  describe("find", () => {
    it("returns an item as it was inserted, by id and by sku", async () => {
      const repository = await openItems();
      const item = makeItem({
        name: "Lämp 💡 'quoted' \"twice\"; --",
        description: "two\nlines",
        quantity: 2_147_483_647,
        price: 0.1,
        isActive: false,
        createdAt: new Date(0),
        updatedAt: new Date("9999-12-31T23:59:59.999Z"),
      });
      expect(await repository.insert(item)).toEqual(item);
      expect(await repository.find({ id: item.id })).toEqual(item);
      expect(await repository.find({ sku: item.sku })).toEqual(item);
    });

    it.each([0, Number.MIN_VALUE, 0.30000000000000004, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE])(
      "returns the price %d as it was inserted",
      async (price) => {
        const repository = await openItems();
        const { id } = await repository.insert(makeItem({ price }));
        expect(await repository.find({ id })).toMatchObject({ price });
      },
    );

    it("returns undefined if there is none", async () => {
      const repository = await openItems();
      await repository.insert(makeItem({ sku: "LAMP" }));
      expect(await repository.find({ id: randomUUID() })).toBeUndefined();
      expect(await repository.find({ sku: "lamp" })).toBeUndefined();
      expect(await repository.find({ sku: "LAMP " })).toBeUndefined();
    });

    it("sees what another store has written", async () => {
      const [one, other] = await openTwice();
      const item = await one.insert(makeItem());
      expect(await other.find({ id: item.id })).toEqual(item);
      const saved = await other.save({ id: item.id }, () => addOne(item));
      expect(await one.find({ id: item.id })).toEqual(saved);
    });
  });

  describe("insert", () => {
    it("refuses a sku that another item has", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const insertion = repository.insert(makeItem({ sku: item.sku }));
      await expect(insertion).rejects.toThrow(new SkuTakenError(item.sku));
      expect(await allItems(repository)).toEqual([item]);
    });

    it("refuses an id that another item has, but not as a sku that is taken", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const insertion = repository.insert(makeItem({ id: item.id }));
      await expect(insertion).rejects.toThrow();
      await expect(insertion).rejects.not.toThrow(SkuTakenError);
      expect(await allItems(repository)).toEqual([item]);
    });

    it("gives a sku to one of many that want it at once, over two stores", async () => {
      const repositories = await openTwice();
      const insertions = Array.from({ length: 10 }, () =>
        repositories.map((repository) => repository.insert(makeItem({ sku: "LAMP" }))),
      ).flat();
      const outcomes = await Promise.allSettled(insertions);
      const added = outcomes.flatMap((it) => (it.status === "fulfilled" ? [it.value] : []));
      const faults = outcomes.flatMap((it) => (it.status === "rejected" ? [it.reason] : []));
      expect(faults).toEqual(Array(19).fill(new SkuTakenError("LAMP")));
      expect(await allItems(repositories[0])).toEqual(added);
    });
  });

  describe("save", () => {
    it("replaces the item and keeps its place", async () => {
      const repository = await openItems();
      const [first, second] = [makeItem(), makeItem()];
      await insertAll(repository, [first, second]);
      const replaced = makeItem({ id: first.id, name: "Lantern", quantity: 0, isActive: false });
      expect(await repository.save({ id: first.id }, () => replaced)).toEqual(replaced);
      expect(await allItems(repository)).toEqual([replaced, second]);
    });

    it("finds the item by its sku as well", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      await repository.save({ sku: item.sku }, () => ({ ...item, quantity: 7 }));
      expect(await allItems(repository)).toEqual([{ ...item, quantity: 7 }]);
    });

    it("adds the item if there is none", async () => {
      const repository = await openItems();
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
      const repository = await openItems();
      const [first, second] = [makeItem(), makeItem()];
      await insertAll(repository, [first, second]);
      const taken = new SkuTakenError(first.sku);
      const replaced = { ...second, sku: first.sku };
      await expect(repository.save({ id: second.id }, () => replaced)).rejects.toThrow(taken);
      const added = makeItem({ sku: first.sku });
      await expect(repository.save({ id: added.id }, () => added)).rejects.toThrow(taken);
      expect(await allItems(repository)).toEqual([first, second]);
    });

    it("changes nothing if the change throws, and can be used again", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const saving = repository.save({ id: item.id }, () => {
        throw fault;
      });
      await expect(saving).rejects.toBe(fault);
      await repository.save({ id: item.id }, addOneOf);
      expect(await allItems(repository)).toEqual([addOne(item)]);
    });

    it("loses none of many changes at once, over two stores", async () => {
      const repositories = await openTwice();
      const item = await repositories[0].insert(makeItem({ quantity: 0 }));
      await Promise.all(
        Array.from({ length: 50 }, () =>
          repositories.map((repository) => repository.save({ id: item.id }, addOneOf)),
        ).flat(),
      );
      expect(await allItems(repositories[1])).toEqual([{ ...item, quantity: 100 }]);
    });

    it("adds one item if many add the same at once", async () => {
      const repositories = await openTwice();
      const item = makeItem({ quantity: 0 });
      await Promise.all(
        Array.from({ length: 10 }, () =>
          repositories.map((repository) =>
            repository.save({ sku: item.sku }, (existing = item) => addOne(existing)),
          ),
        ).flat(),
      );
      expect(await allItems(repositories[0])).toEqual([{ ...item, quantity: 20 }]);
    });

    function addOneOf(item: Item | undefined): Item {
      expect(item).toBeDefined();
      return addOne(item as Item);
    }
  });

  describe("delete", () => {
    it("removes the item and says whether there was one", async () => {
      const repository = await openItems();
      const [first, second] = [makeItem(), makeItem()];
      await insertAll(repository, [first, second]);
      expect(await repository.delete(first.id)).toBe(true);
      expect(await repository.delete(first.id)).toBe(false);
      expect(await allItems(repository)).toEqual([second]);
    });

    it("frees the sku", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      await repository.delete(item.id);
      const next = await repository.insert(makeItem({ sku: item.sku }));
      expect(await allItems(repository)).toEqual([next]);
    });

    it("shows the item to the check, if there is one", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const seen: Item[] = [];
      const check = (checked: Item): void => {
        seen.push(checked);
      };
      expect(await repository.delete(randomUUID(), { check })).toBe(false);
      expect(await repository.delete(item.id, { check })).toBe(true);
      expect(seen).toEqual([item]);
    });

    it("deletes nothing if the check throws, and can be used again", async () => {
      const repository = await openItems();
      const item = await repository.insert(makeItem());
      const check = (): void => {
        throw fault;
      };
      await expect(repository.delete(item.id, { check })).rejects.toBe(fault);
      expect(await allItems(repository)).toEqual([item]);
      expect(await repository.delete(item.id)).toBe(true);
    });

    it("is done by one of many at once, over two stores", async () => {
      const repositories = await openTwice();
      const { id } = await repositories[0].insert(makeItem());
      const deletions = Array.from({ length: 10 }, () =>
        repositories.map((repository) => repository.delete(id)),
      ).flat();
      expect((await Promise.all(deletions)).filter(Boolean)).toEqual([true]);
    });
  });
}
