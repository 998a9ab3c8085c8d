import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ItemFilter, TextComparison } from "../../application/item-filter.ts";
import { parseItemFilter } from "../../application/item-filter-parser.ts";
import { anyFilter, anyItem, printFilter } from "./filter-arbitrary.contract.ts";
import { evaluate } from "./filter-model.contract.ts";
import {
  allItems,
  type CreateItemDatabase,
  insertAll,
  makeItem,
} from "./item-database.contract.ts";

const hostileTexts = [
  "' OR 1=1 --",
  "'; DROP TABLE items; --",
  '" OR "" = "',
  "x') OR (1=1",
  "?",
  ":name",
  "$1",
  "%",
  "_",
  "\\",
  "\\'; SELECT pg_sleep(9); --",
  "a\0b",
  "\ud800",
];

const withText = (value: string): ItemFilter => {
  const comparison = { kind: "text", value } as const;
  const fields = ["name", "description", "sku"] as const;
  const operands = fields.flatMap((field): readonly TextComparison[] => [
    { ...comparison, field, operator: ":" },
    { ...comparison, field, operator: "=" },
  ]);
  return { kind: "or", operands };
};

/** Which items a filter finds. */
export function describeFilters(createDatabase: CreateItemDatabase): void {
  describe("list with a filter", () => {
    it("returns the items that it asks for, as it was written", { timeout: 120_000 }, async () => {
      const database = await createDatabase();
      const { items: repository } = await database.open();
      let after = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyItem, { minLength: 1, maxLength: 10 }),
          anyFilter,
          async (items, written) => {
            const filter = parseItemFilter(printFilter(written));
            expect(filter).toEqual(written);
            await insertAll(repository, items);
            const listed = await repository.list({ filter, after, limit: 100 });
            // The next run does not see the items of this one.
            const [last] = (await repository.list({ after, limit: 100 })).slice(-1);
            after = last?.position ?? Number.NaN;
            const asked = items.filter((item) => evaluate(written, item));
            expect(listed.map(({ item }) => item)).toEqual(asked);
          },
        ),
        { numRuns: 500 },
      );
    });

    it("goes on after a position, up to the limit, however few items are asked for", async () => {
      const database = await createDatabase();
      const { items: repository } = await database.open();
      const isAsked = (index: number): boolean => index % 1_000 === 7;
      const items = Array.from({ length: 10_000 }, (_, index) =>
        makeItem({ quantity: isAsked(index) ? 1 : 0 }),
      );
      await insertAll(repository, items);
      const asked = items.filter((_, index) => isAsked(index));
      const filter = parseItemFilter("quantity = 1");
      for (let limit = 1; limit <= 11; limit += 1) {
        const listed = await repository.list({ filter, limit });
        expect(listed.map(({ item }) => item)).toEqual(asked.slice(0, limit));
        const after = listed.at(-1)?.position;
        const rest = await repository.list({ filter, after, limit: 100 });
        expect(rest.map(({ item }) => item)).toEqual(asked.slice(limit));
      }
      const others = await repository.list({
        filter: parseItemFilter("quantity = 0"),
        limit: 20_000,
      });
      expect(others.map(({ item }) => item.id)).toEqual(
        items.filter((_, index) => !isAsked(index)).map((item) => item.id),
      );
    });

    it("finds an item by its sku among those after a position only", async () => {
      const database = await createDatabase();
      const { items: repository } = await database.open();
      const [first, second] = [makeItem(), makeItem()];
      await insertAll(repository, [first, second]);
      const [{ position: after } = { position: Number.NaN }] = await repository.list({ limit: 1 });
      const find = async (text: string) => {
        const listed = await repository.list({ filter: parseItemFilter(text), after, limit: 9 });
        return listed.map(({ item }) => item);
      };
      expect(await find(`sku = "${first.sku}"`)).toEqual([]);
      expect(await find(`sku = "${second.sku}" AND quantity > 0`)).toEqual([second]);
      expect(await find(`sku = "${second.sku}" AND quantity < 0`)).toEqual([]);
    });

    it.each(hostileTexts)("finds no item by %j but those that have it", async (value) => {
      const database = await createDatabase();
      const { items: repository } = await database.open();
      await repository.insert(makeItem());
      // An item cannot have either of them: no database keeps them.
      const isStorable = value.isWellFormed() && !value.includes("\0");
      const holders = isStorable
        ? [
            makeItem({ description: `<${value}>` }),
            makeItem({ name: value }),
            makeItem({ sku: value }),
          ]
        : [];
      await insertAll(repository, holders);
      const listed = await repository.list({ filter: withText(value), limit: 10 });
      expect(listed.map(({ item }) => item)).toEqual(holders);
      expect(await allItems(repository)).toHaveLength(1 + holders.length);
    });
  });
}
