import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it, onTestFinished } from "vitest";
import { createItemContainer, type ItemCradle } from "../container.ts";
import type { Item, NewItem } from "../domain/item.ts";
import { BatchTooLargeError, SkuTakenError } from "../domain/item-errors.ts";
import { readSettings } from "../settings.ts";
import { MAX_BATCH_ITEMS } from "./batch-create-items.ts";

function openService(): ItemCradle {
  const container = createItemContainer(readSettings({ DATABASE_URL: "sqlite::memory:" }));
  onTestFinished(container.dispose);
  return container.cradle;
}

function makeNewItem(sku: string, fields: Partial<NewItem> = {}): NewItem {
  return { name: "Lamp", description: "", sku, quantity: 1, price: 1, ...fields };
}

async function* stream(newItems: Iterable<NewItem>, fault?: Error): AsyncGenerator<NewItem> {
  yield* newItems;
  if (fault !== undefined) {
    throw fault;
  }
}

async function allItems({ itemRepository }: ItemCradle): Promise<readonly Item[]> {
  const listed = await itemRepository.list({ limit: 1_000 });
  return listed.map(({ item }) => item);
}

describe("createBatchCreateItems", () => {
  it("creates the items in their order", async () => {
    const service = openService();
    const { createdIds, failures } = await service.batchCreateItems(
      stream(["A", "B", "C"].map((sku) => makeNewItem(sku))),
    );
    const items = await allItems(service);
    expect(items.map(({ sku }) => sku)).toEqual(["A", "B", "C"]);
    expect(createdIds).toEqual(items.map(({ id }) => id));
    expect(failures).toEqual([]);
  });

  it("creates the others if some are wrong, and says which and why", async () => {
    const service = openService();
    await service.createItem(makeNewItem("TAKEN"));
    const { createdIds, failures } = await service.batchCreateItems(
      stream([
        makeNewItem("A", { quantity: -1, price: -1 }),
        makeNewItem("A"),
        makeNewItem("TAKEN"),
        makeNewItem("A", { name: "Second" }),
        makeNewItem("", {}),
        makeNewItem("B"),
      ]),
    );
    const items = (await allItems(service)).slice(1);
    expect(items.map(({ name, sku }) => [name, sku])).toEqual([
      ["Lamp", "A"],
      ["Lamp", "B"],
    ]);
    expect(createdIds).toEqual(items.map(({ id }) => id));
    expect(failures).toEqual([
      { index: 0, error: expect.any(ValidationError) },
      { index: 2, error: new SkuTakenError("TAKEN") },
      { index: 3, error: new SkuTakenError("A") },
      { index: 4, error: expect.any(ValidationError) },
    ]);
    expect(failures[0]?.error.message).toMatch(/^quantity: .+; price: /);
  });

  it("takes an empty batch", async () => {
    expect(await openService().batchCreateItems(stream([]))).toEqual({
      createdIds: [],
      failures: [],
    });
  });

  it.each([0, 1, 3])("creates nothing if the stream fails after %i items", async (count) => {
    const service = openService();
    const fault = new Error("cancelled");
    const newItems = Array.from({ length: count }, (_, index) => makeNewItem(`A-${index}`));
    await expect(service.batchCreateItems(stream(newItems, fault))).rejects.toBe(fault);
    expect(await allItems(service)).toEqual([]);
  });

  it("creates as many as a batch may have", async () => {
    const service = openService();
    const newItems = Array.from({ length: MAX_BATCH_ITEMS }, (_, index) =>
      makeNewItem(`A-${index}`),
    );
    const { createdIds } = await service.batchCreateItems(stream(newItems));
    expect(new Set(createdIds).size).toBe(MAX_BATCH_ITEMS);
  });

  it("stops reading and creates nothing as soon as there are more", async () => {
    const service = openService();
    let read = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<NewItem> {
      try {
        for (; ; read += 1) {
          yield makeNewItem(`A-${read}`);
        }
      } finally {
        closed = true;
      }
    }
    await expect(service.batchCreateItems(endless())).rejects.toThrow(
      new BatchTooLargeError(MAX_BATCH_ITEMS),
    );
    expect({ read, closed }).toEqual({ read: MAX_BATCH_ITEMS, closed: true });
    expect(await allItems(service)).toEqual([]);
  });
});
