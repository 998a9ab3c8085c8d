import { beforeAll, describe, expect, it } from "vitest";
import { makeItem } from "../../src/adapters/contract/item-database.contract.ts";
import { parseItemFilter } from "../../src/application/item-filter-parser.ts";
import { openPostgres, openStore, query, usePostgres } from "./databases.ts";

const server = usePostgres();
const ROWS = 200_000;
const PAGE = 1_000;

describe("a PostgreSQL store with many items", () => {
  let url: string;

  beforeAll(async () => {
    url = await server().createDatabase();
    await (await openPostgres(url)).close();
    await query(
      url,
      `INSERT INTO items (id, name, description, sku, quantity, price, is_active, created_at, updated_at)
       SELECT gen_random_uuid(), 'Lamp', repeat('x', 100), number, number, 1, true, now(), now()
       FROM generate_series(1, ${ROWS}) AS number`,
    );
  }, 60_000);

  it("G16: lists each item that was there once, in order, while others come and go", async () => {
    const store = await openStore(url);
    let isOver = false;
    const write = async (): Promise<number> => {
      let written = 0;
      for (; !isOver; written += 1) {
        const item = await store.items.insert(makeItem({ name: "New" }));
        await store.items.delete((await store.items.insert(makeItem({ name: "New" }))).id);
        await store.items.save({ id: item.id }, (found = item) => ({ ...found, quantity: 9 }));
      }
      return written;
    };
    const writers = Promise.all([write(), write()]);
    const faults: string[] = [];
    let [after, quantity, page] = [0, 0, PAGE];
    while (page === PAGE) {
      const listed = await store.items.list({ after, limit: PAGE });
      page = listed.length;
      for (const { item, position } of listed) {
        // Those that were there are numbered, in the order of the list.
        quantity += item.name === "Lamp" ? 1 : 0;
        if (position <= after || (item.name === "Lamp" && item.quantity !== quantity)) {
          faults.push(`${item.name} ${item.quantity} at ${position} after ${after}`);
        }
        after = position;
      }
    }
    isOver = true;
    expect(Math.min(...(await writers))).toBeGreaterThan(0);
    expect(faults).toEqual([]);
    expect(quantity).toBe(ROWS);
  }, 60_000);

  it("finds few items among many, wherever they stand", async () => {
    const store = await openStore(url);
    const filter = parseItemFilter(`sku = "1" OR quantity = ${ROWS} OR sku = "77777"`);
    const listed = await store.items.list({ filter, limit: PAGE });
    expect(listed.map(({ item }) => item.quantity)).toEqual([1, 77_777, ROWS]);
  });
});

describe("idempotency keys", () => {
  it("G14: make one item each when 50 send each of 20 keys at once, over two stores", async () => {
    const url = await server().createDatabase();
    const stores = [
      await openStore(url, { poolTimeoutMs: 20_000 }),
      await openStore(url, { poolTimeoutMs: 20_000 }),
    ];
    const inserting = Array.from({ length: 1_000 }, async (_, call) => {
      const key = String(call % 20);
      const store = stores[Math.floor(call / 20) % 2];
      const idempotency = { caller: "test", key, fingerprint: key };
      const item = await store?.items.insert(makeItem({ name: key }), { idempotency });
      return `${key} ${item?.id}`;
    });
    const answers = new Set(await Promise.all(inserting));
    const rows = await query<{ answer: string }>(
      url,
      "SELECT name || ' ' || id AS answer FROM items",
    );
    expect(rows.map(({ answer }) => answer).toSorted()).toEqual([...answers].toSorted());
    expect(rows).toHaveLength(20);
  }, 60_000);
});
