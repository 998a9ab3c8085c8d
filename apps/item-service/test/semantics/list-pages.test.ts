import { join } from "node:path";
import {
  type CreateItemRequest,
  ItemServiceService,
} from "@grpc-kit/generated-protos/examples/items";
import { describe, expect, it } from "vitest";
import { openSqliteItemStore } from "../../src/adapters/sqlite/item-store.ts";
import { createItem as makeItem } from "../../src/domain/item.ts";
import { listPage, newItem, serveItems, stubOf, temporaryFolder } from "../serve.ts";
import { sources, startProcess } from "../start-process.ts";

describe("ListItems", () => {
  it("neither skips nor repeats an item while others come and go", async () => {
    const { client } = await serveItems();
    const initial = Array.from({ length: 1_000 }, (_, index) => newItem(`initial-${index}`));
    const { createdIds } = await client.batchCreateItems(initial);
    let isListing = true;
    async function write(writer: number): Promise<void> {
      for (let turn = 0; isListing; turn += 1) {
        const { id } = await client.createItem(newItem(`new-${writer}-${turn}`));
        // One that is its own, and one in ten of those that are being listed.
        await client.deleteItem({
          id: turn % 2 === 0 ? id : (createdIds[10 * turn + writer] ?? id),
        });
      }
    }
    const writers = [1, 2, 3].map(write);
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await listPage(client, { pageSize: 25, pageToken });
      seen.push(...page.items.map(({ sku }) => sku));
      pageToken = page.nextPageToken;
      // Else it might never come to an end.
      isListing &&= !seen.includes("initial-999");
    } while (pageToken !== "");
    await Promise.all(writers);
    expect(new Set(seen).size).toBe(seen.length);
    const seenInitial = seen.filter((sku) => sku.startsWith("initial-"));
    const all = initial.map(({ sku }) => sku);
    expect(seenInitial).toEqual(all.filter((sku) => seenInitial.includes(sku)));
    // Nobody deletes these.
    expect(seenInitial).toEqual(
      expect.arrayContaining(all.filter((_, index) => ![1, 2, 3].includes(index % 10))),
    );
    expect(seen.length).toBeGreaterThan(seenInitial.length);
  });

  it("streams 50,000 items of 2 kB page after page through a heap of 128 MiB", {
    timeout: 60_000,
  }, async () => {
    const count = 50_000;
    const dataFolder = temporaryFolder();
    await fill(join(dataFolder, "item-service.db"), count);
    const env = { DATA_DIR: dataFolder, NODE_OPTIONS: "--max-old-space-size=128" };
    const { address, token } = await startProcess(env, sources);
    const client = stubOf(ItemServiceService, address, { token });
    let listed = 0;
    let pageToken = "";
    do {
      const page = await listPage(client, { pageSize: 1_000, pageToken });
      const skus = page.items.map(({ sku }) => sku);
      expect(skus.join()).toBe(skus.map((_, index) => `many-${listed + index}`).join());
      listed += skus.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(listed).toBe(count);
  });
});

/** Puts `count` items of 2 kB into a new database. */
async function fill(path: string, count: number): Promise<void> {
  const now = new Date();
  const store = await openSqliteItemStore({ path, now: () => now });
  const toItem = (index: number) => {
    const fields: CreateItemRequest = {
      ...newItem(`many-${index}`),
      description: "x".repeat(2_000),
    };
    const id = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
    return { index, item: makeItem(fields, { id, now }) };
  };
  function* parts() {
    for (let first = 0; first < count; first += 1_000) {
      yield Array.from({ length: Math.min(1_000, count - first) }, (_, index) =>
        toItem(first + index),
      );
    }
  }
  await store.items.insertMany({ parts: parts(), maxTaken: 0 });
  await store.close();
}
