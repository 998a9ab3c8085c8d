import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { beforeEach, describe, expect, it } from "vitest";
import { openUseCases } from "../../test/open-use-cases.ts";
import type { ItemCradle } from "../container.ts";

const firstPage = { pageSize: 0, pageToken: "", filter: "" };

async function openService(itemCount: number): Promise<ItemCradle> {
  const service = await openUseCases();
  await service.batchCreateItems(
    (async function* () {
      for (let index = 0; index < itemCount; index += 1) {
        yield { name: "Lamp", description: "", sku: `LAMP-${index}`, quantity: index, price: 1 };
      }
    })(),
  );
  return service;
}

describe("createListItems", () => {
  it.each([
    [0, 50],
    [1, 1],
    [1_000, 1_000],
    [1_001, 1_000],
    [2_147_483_647, 1_000],
  ])("takes the page size %i for %i", async (pageSize, expected) => {
    const { listItems } = await openService(1_001);
    const { items } = await listItems({ ...firstPage, pageSize });
    expect(items.map(({ quantity }) => quantity)).toEqual([...Array(expected).keys()]);
  });

  it("refuses a page size below 0", async () => {
    const { listItems } = await openService(0);
    await expect(listItems({ ...firstPage, pageSize: -1 })).rejects.toThrow(
      new ValidationError([
        { field: "page_size", description: "must be an integer of 0 or more, got -1" },
      ]),
    );
  });

  it.each([
    [0, [0]],
    [2, [2]],
    [3, [3]],
    [4, [3, 1]],
    [6, [3, 3]],
    [7, [3, 3, 1]],
  ])("splits %i items into pages of %j, the last without a token", async (itemCount, expected) => {
    const { listItems } = await openService(itemCount);
    const sizes: number[] = [];
    let pageToken: string | undefined = "";
    while (pageToken !== undefined) {
      const page = await listItems({ pageSize: 3, pageToken, filter: "" });
      sizes.push(page.items.length);
      pageToken = page.nextPageToken;
    }
    expect(sizes).toEqual(expected);
  });

  describe("with a filter", () => {
    const filter = "quantity >= 1 AND quantity != 3";
    let listItems: ItemCradle["listItems"];
    let pageToken: string;
    beforeEach(async () => {
      ({ listItems } = await openService(5));
      const page = await listItems({ pageSize: 2, pageToken: "", filter });
      expect(page.items.map(({ quantity }) => quantity)).toEqual([1, 2]);
      pageToken = page.nextPageToken ?? "none";
    });

    it("goes on after the page before, with another page size", async () => {
      const page = await listItems({ pageSize: 9, pageToken, filter });
      expect(page.items.map(({ quantity }) => quantity)).toEqual([4]);
      expect(page.nextPageToken).toBeUndefined();
    });

    it.each(["", "quantity >= 1"])("refuses the token with the filter %j", async (otherFilter) => {
      const listing = listItems({ pageSize: 2, pageToken, filter: otherFilter });
      await expect(listing).rejects.toThrow(/^page_token: /);
    });

    it("refuses the token of another store", async () => {
      const other = await openService(5);
      await expect(other.listItems({ pageSize: 2, pageToken, filter })).rejects.toThrow(
        ValidationError,
      );
    });

    it("refuses a filter with a fault", async () => {
      await expect(listItems({ ...firstPage, filter: "quantity" })).rejects.toThrow(/^filter: /);
    });
  });
});
