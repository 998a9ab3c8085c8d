import { status } from "@grpc/grpc-js";
import type { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import { callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { all } from "../../src/demo/all.ts";
import { callErrorOf, newItem } from "../serve.ts";
import { holdDatabase, skusIn } from "./items-database.ts";
import { beginCall, createPage, wholePage } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

describe.each(callKinds)("G18: a call that runs: %s", (kind) => {
  it("ends on both sides when its caller cancels it, and is counted and logged once", async () => {
    const items = await serveWatched();
    const abort = new AbortController();
    const call = await beginCall[kind](items, { signal: abort.signal });
    abort.abort();
    // The handler has ended, although what it waited for has not come.
    await expect.poll(() => items.service.inFlight).toBe(0);
    expect(await call.failure()).toMatchObject({ code: status.CANCELLED, local: true });
    await expect
      .poll(() => items.counted(call.method))
      .toEqual({ started: 1, inFlight: 0, handled: { Canceled: 1 } });
    expect(items.finished(call.method)).toMatchObject([{ "grpc.code": "CANCELLED" }]);
    expect(items.logged.filter(({ level }) => level === "error")).toEqual([]);
    await items.service.stop({ graceMs: 0 });
    expect(skusIn(items.databasePath)).toEqual(call.created);
  });
});

describe("ListItems", () => {
  it("ends when its reader leaves the loop, page after page", async () => {
    const items = await serveWatched();
    await createPage(items);
    const pages = 20;
    for (let page = 0; page < pages; page += 1) {
      for await (const _item of items.client.listItems(wholePage)) {
        break;
      }
    }
    await expect
      .poll(() => items.counted("ListItems"))
      .toEqual({ started: pages, inFlight: 0, handled: { Canceled: pages } });
    expect(items.service.inFlight).toBe(0);
    expect(await all(items.client.listItems(wholePage))).toHaveLength(wholePage.pageSize);
  });
});

describe("BatchCreateItems", () => {
  it("G13: creates nothing when it is cancelled while its complete batch waits for the database", async () => {
    const items = await serveWatched();
    const release = holdDatabase(items.databasePath);
    const sent = Promise.withResolvers<void>();
    async function* requests(): AsyncGenerator<CreateItemRequest> {
      for (let index = 0; index < 500; index += 1) {
        yield newItem(`late-${index}`);
      }
      sent.resolve();
    }
    const abort = new AbortController();
    const failed = callErrorOf(items.client.batchCreateItems(requests(), { signal: abort.signal }));
    await sent.promise;
    // So that it has begun to wait; if it has not, nothing is created either.
    await new Promise((resolve) => setTimeout(resolve, 300));
    abort.abort();
    expect((await failed).code).toBe(status.CANCELLED);
    await expect.poll(() => items.service.inFlight).toBe(0);
    // It has not waited until the database gave up.
    expect(items.logged.filter(({ level }) => level === "error")).toEqual([]);
    release();
    await items.service.stop({ graceMs: 0 });
    expect(skusIn(items.databasePath)).toEqual([]);
  });
});
