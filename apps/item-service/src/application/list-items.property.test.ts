import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createItemContainer } from "../container.ts";
import { readSettings } from "../settings.ts";

// Between two pages, items come and go. A number picks one of those that are there.
const step = fc.record({
  pageSize: fc.integer({ min: 1, max: 5 }),
  inserts: fc.integer({ min: 0, max: 3 }),
  deletes: fc.array(fc.nat(), { maxLength: 3 }),
});

describe("createListItems", () => {
  it("neither skips nor repeats an item while others come and go", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20 }),
        fc.array(step, { minLength: 1, maxLength: 10 }),
        fc.constantFrom("", "is_active = true"),
        async (initialCount, steps, filter) => {
          const { cradle, dispose } = await createItemContainer(
            readSettings({ DATABASE_URL: "sqlite::memory:" }),
          );
          const created: string[] = [];
          const deleted = new Set<string>();
          const insert = async (): Promise<void> => {
            const sku = `LAMP-${created.length}`;
            const item = { name: "Lamp", description: "", sku, quantity: 1, price: 1 };
            created.push((await cradle.createItem(item)).id);
          };
          for (let count = 0; count < initialCount; count += 1) {
            await insert();
          }

          const listed: string[] = [];
          const goneBefore = new Set<string>();
          let pageToken: string | undefined = "";
          for (let index = 0; pageToken !== undefined; index += 1) {
            // After the steps the rest is listed without changes.
            const { pageSize, inserts, deletes } = steps[index] ?? {
              pageSize: 5,
              inserts: 0,
              deletes: [],
            };
            const page = await cradle.listItems({ pageSize, pageToken, filter });
            listed.push(...page.items.map(({ id }) => id));
            pageToken = page.nextPageToken;
            for (const pick of deletes) {
              const present = created.filter((id) => !deleted.has(id));
              const id = present[pick % present.length];
              if (id !== undefined) {
                await cradle.deleteItem(id);
                deleted.add(id);
                if (!listed.includes(id)) {
                  goneBefore.add(id);
                }
              }
            }
            for (let count = 0; pageToken !== undefined && count < inserts; count += 1) {
              await insert();
            }
          }
          await dispose();

          expect(listed).toEqual(created.filter((id) => !goneBefore.has(id)));
        },
      ),
      { numRuns: 200 },
    );
  });
});
