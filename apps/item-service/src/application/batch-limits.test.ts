import { describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import { openSqliteSpool } from "../adapters/sqlite/spool.ts";
import type { ItemCradle } from "../container.ts";
import type { NewItem } from "../domain/item.ts";
import {
  BatchTooLargeError,
  IdempotencyKeyReusedError,
  TooManyFailuresError,
} from "../domain/item-errors.ts";
import { MAX_BATCH_FAILURES, MAX_BATCH_ITEMS, MAX_BATCH_TEXT_BYTES } from "./batch-create-items.ts";
import type { Spool } from "./spool.ts";

const tooLarge = new BatchTooLargeError({
  maxItems: MAX_BATCH_ITEMS,
  maxTextBytes: MAX_BATCH_TEXT_BYTES,
});
const tooMany = new TooManyFailuresError(MAX_BATCH_FAILURES);

function makeNewItem(index: number, fields: Partial<NewItem> = {}): NewItem {
  return { name: "Lamp", description: "", sku: `LAMP-${index}`, quantity: 1, price: 1, ...fields };
}

/** A stream of `count` items that tells how many were read, and whether it was closed. */
function feedOf(count: number, make: (index: number) => NewItem = makeNewItem) {
  const state = { read: 0, closed: false };
  async function* newItems(): AsyncGenerator<NewItem> {
    try {
      for (; state.read < count; state.read += 1) {
        yield make(state.read);
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, newItems: newItems() };
}

/** The use cases, and how many spools they have open. */
async function openCounted(overrides: Partial<ItemCradle> = {}) {
  const spools = { open: 0, opened: 0 };
  const openSpool = <Value>(): Spool<Value> => {
    const spool = openSqliteSpool<Value>();
    spools.open += 1;
    spools.opened += 1;
    const close = (): void => {
      spool.close();
      spools.open -= 1;
    };
    return { ...spool, close };
  };
  return { service: await openUseCases({ ...overrides, openSpool }), spools };
}

describe("createBatchCreateItems", () => {
  it("creates as many as a batch may have", async () => {
    const { batchCreateItems } = await openUseCases();
    const { createdIds } = await batchCreateItems(feedOf(MAX_BATCH_ITEMS).newItems);
    expect(new Set(createdIds).size).toBe(MAX_BATCH_ITEMS);
  });

  const manyBytes = (index: number) => makeNewItem(index, { description: "💡".repeat(2_000) });
  const isInvalid = (index: number) => makeNewItem(index, { quantity: -1 });
  const tooManyBytes = Math.ceil(MAX_BATCH_TEXT_BYTES / 8_012);

  it.each([
    ["items", makeNewItem, MAX_BATCH_ITEMS, tooLarge],
    ["bytes of text", manyBytes, tooManyBytes, tooLarge],
    ["items that are invalid", isInvalid, MAX_BATCH_FAILURES, tooMany],
  ])("stops reading and creates nothing as soon as there are too many %s", async (...row) => {
    const [_, make, read, error] = row;
    const { service, spools } = await openCounted();
    const { state, newItems } = feedOf(Number.POSITIVE_INFINITY, make);
    await expect(service.batchCreateItems(newItems)).rejects.toThrow(error);
    expect(state.read / read).toBeCloseTo(1);
    expect(state.closed).toBe(true);
    expect(await service.itemRepository.list({ limit: 1 })).toEqual([]);
    expect(spools).toEqual({ open: 0, opened: 1 });
  });

  it("creates nothing if there are too many that are invalid or taken", async () => {
    const { service, spools } = await openCounted();
    // Of each three items one is invalid, and one has the sku of the third.
    const threes = (index: number) => {
      const fields = [{}, { quantity: -1 }, { sku: `LAMP-${index - 2}` }][index % 3];
      return makeNewItem(index, fields);
    };
    const most = (3 * MAX_BATCH_FAILURES) / 2;
    const one = service.batchCreateItems(feedOf(most + 3, threes).newItems);
    await expect(one).rejects.toThrow(tooMany);
    expect(await service.itemRepository.list({ limit: 1 })).toEqual([]);
    const { createdIds, failures } = await service.batchCreateItems(feedOf(most, threes).newItems);
    expect([createdIds.length, failures.length]).toEqual([most / 3, MAX_BATCH_FAILURES]);
    expect(failures.map(({ index }) => index)).toEqual(
      [...Array(most).keys()].filter((index) => index % 3 > 0),
    );
    expect(spools).toEqual({ open: 0, opened: 2 });
  });

  it("closes its spool when the repository fails", async () => {
    const newId = () => {
      throw new Error("no id");
    };
    const { service, spools } = await openCounted({ newId });
    await expect(service.batchCreateItems(feedOf(1).newItems)).rejects.toThrow("no id");
    expect(spools).toEqual({ open: 0, opened: 1 });
  });

  describe("with an idempotency key", () => {
    const idempotencyKey = { caller: "ada", key: "import-1" };
    const mixed = (index: number) =>
      makeNewItem(index, [{}, { price: -1 }, { sku: "LAMP-0" }][index % 3]);

    it("returns the whole first answer again, whatever has become of the items", async () => {
      const { batchCreateItems, deleteItem, itemRepository } = await openUseCases();
      const first = await batchCreateItems(feedOf(9, mixed).newItems, { idempotencyKey });
      expect([first.createdIds.length, first.failures.length]).toEqual([3, 6]);
      for (const id of first.createdIds) {
        await deleteItem(id);
      }
      const second = await batchCreateItems(feedOf(9, mixed).newItems, { idempotencyKey });
      expect(second).toEqual(first);
      expect(await itemRepository.list({ limit: 1 })).toEqual([]);
    });

    it.each([
      ["has one less", 8, mixed],
      ["has one more", 10, mixed],
      ["has them in another order", 9, (index: number) => mixed(8 - index)],
      [
        "is wrong in another way",
        9,
        (index: number) => ({ ...mixed(index), price: Math.max(-2, mixed(index).price * 2) }),
      ],
    ])("throws IdempotencyKeyReusedError for a batch that %s", async (_, count, make) => {
      const { batchCreateItems, itemRepository } = await openUseCases();
      const { createdIds } = await batchCreateItems(feedOf(9, mixed).newItems, { idempotencyKey });
      const other = batchCreateItems(feedOf(count, make).newItems, { idempotencyKey });
      await expect(other).rejects.toThrow(new IdempotencyKeyReusedError("import-1"));
      expect(await itemRepository.list({ limit: 50 })).toHaveLength(createdIds.length);
    });
  });
});
