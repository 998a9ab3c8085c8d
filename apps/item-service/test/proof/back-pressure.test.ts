import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import {
  ItemServiceService,
  type ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { describe, expect, it } from "vitest";
import { all } from "../../src/demo/all.ts";
import { callErrorOf, createItem, stubOf } from "../serve.ts";
import { retainedBytes } from "./retained-bytes.ts";
import { createPage, wholePage } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

const mebibyte = 1_024 * 1_024;

/** The count once it has stood still for a while, or is beyond `most`. */
async function settled(count: () => number, most: number): Promise<number> {
  for (;;) {
    const before = count();
    await delay(300);
    if ((before > 0 && count() === before) || count() > most) {
      return count();
    }
  }
}

describe("SyncItems", () => {
  it("F14: has a caller wait who sends and does not read, and answers all in order when it reads", async () => {
    const { client, service } = await serveWatched();
    const [actionBytes, total] = [10_000, 5_000];
    let offered = 0;
    // Each answer is as long as its action, since it has the id that is none.
    async function* actions(): AsyncGenerator<ItemSyncRequest> {
      while (offered < total) {
        const value = `${offered}:${"x".repeat(actionBytes)}`;
        offered += 1;
        yield { action: { $case: "deleteId", value } };
      }
    }
    const startBytes = await retainedBytes();
    const answers = client.syncItems(actions(), { timeoutMs: "none" });
    await answers.next();
    const most = (4 * mebibyte) / actionBytes;
    expect(await settled(() => offered, most)).toBeLessThan(most);
    expect((await retainedBytes()) - startBytes).toBeLessThan(16 * mebibyte);
    expect(service.inFlight).toBe(1);
    let answered = 1;
    for await (const { id, success } of answers) {
      expect([id.slice(0, id.indexOf(":")), success]).toEqual([String(answered), false]);
      answered += 1;
      if (answered % 1_000 === 0) {
        expect((await retainedBytes()) - startBytes).toBeLessThan(16 * mebibyte);
      }
    }
    expect(answered).toBe(total);
  });
});

describe("ListItems", () => {
  it("waits for callers who read slowly, in bounded memory, and holds nobody else up", async () => {
    const items = await serveWatched();
    const { client, service } = items;
    const skus = await createPage(items);
    const startBytes = await retainedBytes();
    const pages = Array.from({ length: 20 }, () => client.listItems(wholePage));
    const first = await Promise.all(pages.map((page) => page.next()));
    expect(first.map(({ value }) => value?.sku)).toEqual(pages.map(() => skus[0]));
    expect(service.inFlight).toBe(pages.length);
    const { id } = await createItem(client, "beside");
    expect(await client.getItem({ id })).toMatchObject({ sku: "beside" });
    // A page is 1 MB, and each may be there once as items and once as messages under way.
    expect((await retainedBytes()) - startBytes).toBeLessThan(3 * pages.length * mebibyte);
    for (const page of pages) {
      expect((await all(page)).map(({ sku }) => sku)).toEqual(skus.slice(1));
    }
    expect((await retainedBytes()) - startBytes).toBeLessThan(16 * mebibyte);
    expect(service.inFlight).toBe(0);
  });

  it("A18: gives up on a caller who reads nothing for too long", async () => {
    const items = await serveWatched({ GRPC_SERVER_SEND_STALL_TIMEOUT_MS: "500" });
    await createPage(items);
    const client = stubOf(ItemServiceService, items.address, { token: items.token, retry: false });
    const page = client.listItems(wholePage);
    await page.next();
    await expect.poll(() => items.service.inFlight).toBe(0);
    expect((await callErrorOf(all(page))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(await items.counted("ListItems")).toMatchObject({ started: 1, inFlight: 0 });
  });
});
