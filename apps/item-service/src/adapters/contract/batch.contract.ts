import { describe, expect, it } from "vitest";
import type { BatchItem, ItemRepository } from "../../application/item-repository.ts";
import { TooManyFailuresError } from "../../domain/item-errors.ts";
import {
  allItems,
  type CreateItemDatabase,
  makeItem,
  makeItems,
} from "./item-database.contract.ts";

/** Adding of many items at once. */
export function describeBatches(createDatabase: CreateItemDatabase): void {
  async function openItems(): Promise<ItemRepository> {
    const database = await createDatabase();
    const { items } = await database.open();
    return items;
  }

  describe("insertMany", () => {
    it("adds all but those whose sku is taken before or within, over several parts", async () => {
      const repository = await openItems();
      const existing = await repository.insert(makeItem());
      const [first, second, third] = [makeItem(), makeItem(), makeItem()];
      const parts: readonly (readonly BatchItem[])[] = [
        [
          { index: 0, item: first },
          { index: 1, item: makeItem({ sku: existing.sku }) },
          { index: 3, item: second },
          { index: 4, item: makeItem({ sku: second.sku }) },
        ],
        [],
        [
          { index: 6, item: makeItem({ sku: first.sku }) },
          { index: 9, item: third },
        ],
      ];
      expect(await repository.insertMany({ parts, maxTaken: 3 })).toEqual({
        createdIds: [first.id, second.id, third.id],
        taken: [1, 4, 6],
      });
      expect(await allItems(repository)).toEqual([existing, first, second, third]);
    });

    it.each([[[]], [[[]]]])("takes no items: %j", async (parts) => {
      const repository = await openItems();
      expect(await repository.insertMany({ parts, maxTaken: 0 })).toEqual({
        createdIds: [],
        taken: [],
      });
    });

    it("adds nothing if more are taken than may be", async () => {
      const repository = await openItems();
      const existing = await repository.insert(makeItem());
      const takenThrice = [1, 2, 3].map((index) => ({
        index,
        item: makeItem({ sku: existing.sku }),
      }));
      const parts = [[{ index: 0, item: makeItem() }], takenThrice];
      await expect(repository.insertMany({ parts, maxTaken: 2 })).rejects.toThrow(
        new TooManyFailuresError(2),
      );
      expect(await allItems(repository)).toEqual([existing]);
      const { taken } = await repository.insertMany({ parts, maxTaken: 3 });
      expect(taken).toEqual([1, 2, 3]);
    });

    it("adds nothing if an id is taken", async () => {
      const repository = await openItems();
      const item = makeItem();
      const parts = [
        [{ index: 0, item: makeItem() }],
        [
          { index: 1, item },
          { index: 2, item: makeItem({ id: item.id }) },
        ],
      ];
      await expect(repository.insertMany({ parts, maxTaken: 9 })).rejects.toThrow();
      expect(await allItems(repository)).toEqual([]);
    });

    it("adds nothing if the parts throw, closes them and can be used again", async () => {
      const repository = await openItems();
      const fault = new Error("no more");
      let isClosed = false;
      function* partsThatThrow(): Generator<readonly BatchItem[]> {
        try {
          yield makeItems(600).map((item, index) => ({ index, item }));
          throw fault;
        } finally {
          isClosed = true;
        }
      }
      const insertion = repository.insertMany({ parts: partsThatThrow(), maxTaken: 0 });
      await expect(insertion).rejects.toBe(fault);
      expect(isClosed).toBe(true);
      expect(await allItems(repository)).toEqual([]);
      const item = await repository.insert(makeItem());
      expect(await allItems(repository)).toEqual([item]);
    });

    it("stops reading the parts, and closes them, once too many are taken", async () => {
      const repository = await openItems();
      const existing = await repository.insert(makeItem());
      let index = 0;
      let isClosed = false;
      function* manyParts(): Generator<readonly BatchItem[]> {
        try {
          for (; index < 1_000; index += 1) {
            yield [{ index, item: makeItem({ sku: existing.sku }) }];
          }
        } finally {
          isClosed = true;
        }
      }
      const insertion = repository.insertMany({ parts: manyParts(), maxTaken: 3 });
      await expect(insertion).rejects.toThrow(new TooManyFailuresError(3));
      expect(index).toBeLessThan(10);
      expect(isClosed).toBe(true);
    });

    it("runs at once with other batches and writes, over two stores, and loses none", async () => {
      const database = await createDatabase();
      const [one, other] = [await database.open(), await database.open()];
      const sku = makeItem().sku;
      const batches = [one, other, one, other].map(({ items }) => {
        const part = makeItems(150).map((item, index) => ({ index, item }));
        const contended = { index: 150, item: makeItem({ sku }) };
        return items.insertMany({ parts: [part, [contended]], maxTaken: 1 });
      });
      const single = [one, other].map(({ items }) => items.insert(makeItem()));
      const inserted = await Promise.all(batches);
      const ids = [
        ...inserted.flatMap(({ createdIds }) => createdIds),
        ...(await Promise.all(single)).map(({ id }) => id),
      ];
      expect(inserted.flatMap(({ taken }) => taken)).toEqual([150, 150, 150]);
      const listed = (await allItems(one.items)).map(({ id }) => id);
      expect(listed.toSorted()).toEqual(ids.toSorted());
      // Each batch is in its order, whatever stands in between.
      for (const { createdIds } of inserted) {
        const ofBatch = new Set(createdIds);
        expect(listed.filter((id) => ofBatch.has(id))).toEqual(createdIds);
      }
    });

    it("adds 100,000 items, out of parts that are made one by one", {
      timeout: 60_000,
    }, async () => {
      const repository = await openItems();
      let made = 0;
      const lastIds: string[] = [];
      function* manyParts(): Generator<readonly BatchItem[]> {
        for (; made < 100_000; made += 500) {
          const items = makeItems(500);
          lastIds.push(items.at(-1)?.id ?? "");
          yield items.map((item, position) => ({ index: made + position, item }));
        }
      }
      const { createdIds, taken } = await repository.insertMany({
        parts: manyParts(),
        maxTaken: 0,
      });
      expect(taken).toEqual([]);
      expect(createdIds).toHaveLength(100_000);
      expect(createdIds.filter((_, index) => index % 500 === 499)).toEqual(lastIds);
      expect(await repository.find({ id: lastIds.at(-1) ?? "" })).toBeDefined();
    });
  });
}
