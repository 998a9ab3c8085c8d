import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { status } from "@grpc/grpc-js";
import type { ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { findDetail } from "@grpc-kit/grpc-status";
import { describe, expect, it } from "vitest";
import {
  callErrorOf,
  createItem,
  failureOf,
  listAll,
  listPage,
  newItem,
  serveItems,
} from "./serve.ts";

describe("GetItem and CreateItem", () => {
  it("give back what was created, to the nanosecond", async () => {
    const now = new Date("2026-02-03T04:05:06.789Z");
    const { client } = await serveItems({ now: () => now });
    const created = await createItem(client, "lamp-1");
    expect(created).toMatchObject({ ...newItem("lamp-1"), isActive: true });
    expect(created.createdAt).toEqual({ seconds: 1_770_091_506n, nanos: 789_000_000 });
    expect(created.updatedAt).toEqual(created.createdAt);
    const reply = await client.getItem({ id: created.id });
    expect(reply).toEqual(created);
  });

  it.each([
    [{ name: "" }, "name: must have 1 to 200 characters, got 0"],
    [{ sku: "a b" }, 'sku: must have 1 to 64 of A-Z a-z 0-9 . _ -, got "a b"'],
    [{ quantity: -1 }, "quantity: must be an integer from 0 to 2147483647, got -1"],
    [{ price: Number.NaN }, "price: must be a finite number of 0 or more, got NaN"],
    [
      { description: "x".repeat(2_001) },
      "description: must have at most 2000 characters, got 2001",
    ],
  ])("B12: refuse %o and name the field", async (fields, text) => {
    const { client } = await serveItems();
    const failure = await failureOf(client.createItem({ ...newItem("lamp-1"), ...fields }));
    expect(failure).toBe(`INVALID_ARGUMENT: ${text}`);
  });

  it("refuse a sku that is taken, an id that is none and one that is unknown", async () => {
    const { client } = await serveItems();
    await createItem(client, "lamp-1");
    const get = (id: string) => failureOf(client.getItem({ id }));
    expect(await failureOf(createItem(client, "lamp-1"))).toBe(
      "ALREADY_EXISTS: another item has the sku lamp-1",
    );
    expect(await get("7")).toBe('INVALID_ARGUMENT: id: must be a UUID, got "7"');
    const id = randomUUID();
    expect(await get(id)).toBe(`NOT_FOUND: no item has the id ${id}`);
  });
});

describe("UpdateItem and DeleteItem", () => {
  it("change only the fields that are present", async () => {
    const { client } = await serveItems();
    const created = await createItem(client, "lamp-1");
    const update = { id: created.id, description: "", quantity: 0 };
    const reply = await client.updateItem(update);
    expect(reply).toMatchObject({ ...created, ...update, updatedAt: expect.anything() });
    const stored = await client.getItem({ id: created.id });
    expect(stored).toEqual(reply);
  });

  it("fail for what is not there", async () => {
    const { client } = await serveItems();
    const { id } = await createItem(client, "lamp-1");
    await client.deleteItem({ id });
    const notFound = `NOT_FOUND: no item has the id ${id}`;
    expect(await failureOf(client.deleteItem({ id }))).toBe(notFound);
    const update = { id, name: "Lamp" };
    expect(await failureOf(client.updateItem(update))).toBe(notFound);
  });
});

describe("ListItems", () => {
  it("gives every item once, page by page, oldest first", async () => {
    const { client } = await serveItems();
    const skus = Array.from({ length: 7 }, (_, index) => `lamp-${index}`);
    for (const sku of skus) {
      await createItem(client, sku);
    }
    for (const pageSize of [1, 3, 7, 0, 5_000]) {
      const items = await listAll(client, pageSize);
      expect(items.map(({ sku }) => sku)).toEqual(skus);
    }
  });

  it("honours the filter, and refuses a wrong request", async () => {
    const { client } = await serveItems();
    await createItem(client, "lamp-1");
    await createItem(client, "lamp-2");
    const list = (fields: object) => listPage(client, { pageSize: 1, ...fields });
    const filtered = await list({ filter: 'sku = "lamp-2"' });
    expect(filtered.items.map(({ sku }) => sku)).toEqual(["lamp-2"]);
    const { nextPageToken: pageToken } = await list({});
    expect(pageToken).not.toBe("");
    expect(await failureOf(list({ pageSize: -1 }))).toMatch(/^INVALID_ARGUMENT: page_size: /);
    expect(await failureOf(list({ filter: "sku ~ 1" }))).toMatch(/^INVALID_ARGUMENT: filter: /);
    expect(await failureOf(list({ pageToken: `${pageToken}A` }))).toMatch(
      /^INVALID_ARGUMENT: page_token: /,
    );
    expect(await failureOf(list({ pageToken, filter: "quantity > 1" }))).toMatch(
      /^INVALID_ARGUMENT: page_token: /,
    );
  });
});

describe("BatchCreateItems", () => {
  it("creates what it can and tells of the rest by position", async () => {
    const { client } = await serveItems();
    await createItem(client, "taken");
    const requests = ["a", "taken", "b", "a", "not ok"].map((sku) => newItem(sku));
    const reply = await client.batchCreateItems(requests);
    const items = await listAll(client);
    expect(items.map(({ sku }) => sku)).toEqual(["taken", "a", "b"]);
    expect(reply.createdCount).toBe(2);
    expect(reply.createdIds).toEqual(items.slice(1).map(({ id }) => id));
    expect(
      reply.errors.map(({ code, field, metadata }) => [metadata.get("index"), code, field]),
    ).toEqual([
      ["1", "SkuTakenError", "sku"],
      ["3", "SkuTakenError", "sku"],
      ["4", "ValidationError", "sku"],
    ]);
  });

  it("G13: creates nothing when its caller cancels, after whatever message", async () => {
    const { client } = await serveItems();
    for (let count = 0; count < 60; count += 1) {
      const abort = new AbortController();
      async function* requests() {
        for (let index = 0; index < count; index += 1) {
          yield newItem(`cut-${count}-${index}`);
        }
        setTimeout(() => abort.abort(), count % 4);
        await once(abort.signal, "abort");
      }
      const call = client.batchCreateItems(requests(), { signal: abort.signal });
      expect(await failureOf(call)).toMatch(/^CANCELLED/);
    }
    expect(await listAll(client)).toEqual([]);
  });
});

describe("SyncItems", () => {
  it("answers each action before the next is sent, and goes on after one that fails", async () => {
    const { client } = await serveItems();
    const existing = await createItem(client, "lamp-1");
    const actions = new PassThrough({ objectMode: true });
    const answers = client.syncItems(actions);
    const answer = async (action: ItemSyncRequest["action"]) => {
      actions.write({ action });
      const { value } = await answers.next();
      return value;
    };
    const lamp = { ...existing, id: "", name: "Lamp", isActive: false };
    expect(await answer({ $case: "upsert", value: lamp })).toMatchObject({
      id: existing.id,
      success: true,
    });
    expect(await answer({ $case: "deleteId", value: "7" })).toMatchObject({
      id: "7",
      success: false,
      error: { code: "ValidationError", field: "delete_id" },
    });
    expect(await answer(undefined)).toMatchObject({ success: false, error: { field: "action" } });
    const desk = { ...lamp, sku: "desk-1", id: randomUUID() };
    expect(await answer({ $case: "upsert", value: desk })).toMatchObject({ id: desk.id });
    expect(await answer({ $case: "deleteId", value: existing.id })).toMatchObject({
      success: true,
    });
    actions.end();
    expect((await answers.next()).done).toBe(true);
    const items = await listAll(client);
    expect(items.map(({ id, name, isActive }) => ({ id, name, isActive }))).toEqual([
      { id: desk.id, name: "Lamp", isActive: false },
    ]);
  });
});

describe("a fault of the service", () => {
  it("C3: is told to the log in full, and to the caller not at all", async () => {
    const { client, logged } = await serveItems({
      getItem: async () => {
        throw new Error("S3CR3T dsn");
      },
    });
    const id = randomUUID();
    const failure = await failureOf(client.getItem({ id }));
    expect(failure).toBe("INTERNAL: internal error");
    const line = logged.find(({ level }) => level === "error");
    expect(line).toMatchObject({
      "grpc.path": "/examples.ItemService/GetItem",
      err: { message: "S3CR3T dsn", stack: expect.stringContaining("item-service.test.ts") },
    });
  });

  it("C5: has the id in the log that its caller has", async () => {
    const { client, logged } = await serveItems({
      getItem: async () => {
        throw new Error("disk full");
      },
    });
    const { errorId } = await callErrorOf(client.getItem({ id: randomUUID() }));
    expect(logged.find(({ level }) => level === "error")?.error_id).toBe(errorId);
    expect(errorId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("a call that fails", () => {
  it("names every field of the request that breaks a rule", async () => {
    const { client } = await serveItems();
    const update = { id: "7", name: "", quantity: -1, price: 1 };
    const error = await callErrorOf(client.updateItem(update));
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: "VALIDATION_FAILED",
      domain: "examples.ItemService",
      errorDetail: { code: "ValidationError", field: "id" },
    });
    expect(findDetail(error, "badRequest")?.fieldViolations).toMatchObject([
      { field: "id", description: 'must be a UUID, got "7"' },
      { field: "name", description: "must have 1 to 200 characters, got 0" },
      { field: "quantity", description: "must be an integer from 0 to 2147483647, got -1" },
    ]);
  });

  it("says what it is about and why, for programs", async () => {
    const { client } = await serveItems();
    const id = randomUUID();
    const missing = await callErrorOf(client.getItem({ id }));
    expect(missing).toMatchObject({ reason: "ITEM_NOT_FOUND", retryable: false });
    expect(findDetail(missing, "resourceInfo")).toMatchObject({
      resourceType: "item",
      resourceName: id,
    });
    await createItem(client, "lamp-1");
    const taken = await callErrorOf(createItem(client, "lamp-1"));
    expect([taken.reason, taken.errorDetails.errorInfo?.metadata.get("sku")]).toEqual([
      "SKU_TAKEN",
      "lamp-1",
    ]);
  });
});
