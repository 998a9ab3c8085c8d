import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import type { ItemCradle } from "../container.ts";
import type { Item, NewItem } from "../domain/item.ts";
import { SkuTakenError } from "../domain/item-errors.ts";

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
    const service = await openUseCases();
    const { createdIds, failures } = await service.batchCreateItems(
      stream(["A", "B", "C"].map((sku) => makeNewItem(sku))),
    );
    const items = await allItems(service);
    expect(items.map(({ sku }) => sku)).toEqual(["A", "B", "C"]);
    expect(createdIds).toEqual(items.map(({ id }) => id));
    expect(failures).toEqual([]);
  });

  it("creates the others if some are wrong, and says which and why", async () => {
    const service = await openUseCases();
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
    expect(await (await openUseCases()).batchCreateItems(stream([]))).toEqual({
      createdIds: [],
      failures: [],
    });
  });

  it.each([0, 1, 3])("creates nothing if the stream fails after %i items", async (count) => {
    const service = await openUseCases();
    const fault = new Error("cancelled");
    const newItems = Array.from({ length: count }, (_, index) => makeNewItem(`A-${index}`));
    await expect(service.batchCreateItems(stream(newItems, fault))).rejects.toBe(fault);
    expect(await allItems(service)).toEqual([]);
  });
});
