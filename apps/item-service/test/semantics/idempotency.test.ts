import { status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { findDetail } from "@grpc-kit/grpc-status";
import { describe, expect, it } from "vitest";
import { signDevelopmentToken } from "../../src/auth/development-keys.ts";
import { developmentAuth } from "../../src/auth-settings.ts";
import {
  callErrorOf,
  createItem,
  failureOf,
  listAll,
  newItem,
  type ServedItems,
  serveItems,
  stubOf,
} from "../serve.ts";
import { sending, takeTrailers } from "./metadata-of.ts";

const key = sending({ "idempotency-key": "order-4711" });

async function clientOf({ address, dataFolder }: ServedItems, subject: string) {
  const content = { scope: "items:read items:write", subject, expiresIn: "1h" };
  const token = await signDevelopmentToken(developmentAuth(dataFolder), content);
  return stubOf(ItemServiceService, address, { token });
}

describe("an idempotency key", () => {
  it("has CreateItem answer the same again, with the same etag, and create one item", async () => {
    const { client } = await serveItems();
    const [first, second] = [takeTrailers(), takeTrailers()];
    const created = await client.createItem(newItem("a"), { ...key, ...first });
    await client.updateItem({ id: created.id, quantity: 1 });
    expect(await client.createItem(newItem("a"), { ...key, ...second })).toEqual(created);
    expect(second.trailer("etag")).toBe(first.trailer("etag"));
    await client.deleteItem({ id: created.id });
    expect(await client.createItem(newItem("a"), key)).toEqual(created);
    expect(await listAll(client)).toEqual([]);
  });

  it("has BatchCreateItems answer the same again, errors included", async () => {
    const { client } = await serveItems();
    const batch = [newItem("a"), newItem("a"), { ...newItem("b"), price: -1 }, newItem("c")];
    const first = await client.batchCreateItems(batch, key);
    expect([first.createdCount, first.errors.length]).toEqual([2, 2]);
    expect(await client.batchCreateItems(batch, key)).toEqual(first);
    expect(await listAll(client)).toHaveLength(2);
  });

  it("is refused for another request, with its name and a reason", async () => {
    const { client } = await serveItems();
    await client.createItem(newItem("a"), key);
    const other = { ...newItem("a"), quantity: 11 };
    for (const send of [
      () => client.createItem(other, key),
      () => client.batchCreateItems([newItem("a")], key),
    ]) {
      const error = await callErrorOf(send());
      expect(error).toMatchObject({
        code: status.INVALID_ARGUMENT,
        reason: "IDEMPOTENCY_KEY_REUSED",
        retryable: false,
      });
      expect(findDetail(error, "badRequest")?.fieldViolations).toMatchObject([
        { field: "idempotency-key", description: expect.stringContaining('"order-4711"') },
      ]);
    }
    expect(await listAll(client)).toHaveLength(1);
  });

  it("that comes many times at once creates once, and all get that answer", async () => {
    const served = await serveItems();
    const clients = await Promise.all([1, 2, 3].map(() => clientOf(served, "ada")));
    const calls = Array.from({ length: 30 }, (_, index) => clients[index % 3] ?? served.client);
    const created = await Promise.all(calls.map((client) => client.createItem(newItem("a"), key)));
    expect(new Set(created.map(({ id }) => id)).size).toBe(1);
    const batch = Array.from({ length: 300 }, (_, index) => newItem(`batch-${index % 299}`));
    const batchKey = sending({ "idempotency-key": "import-1" });
    const answers = await Promise.all(
      calls.map((client) => client.batchCreateItems(batch, batchKey)),
    );
    expect(answers[0]).toMatchObject({ createdCount: 299, errors: [{ code: "SkuTakenError" }] });
    expect(answers).toEqual(answers.map(() => answers[0]));
    expect(await listAll(served.client)).toHaveLength(300);
  });

  it("is the caller's own", async () => {
    const served = await serveItems();
    const [ada, bob] = [await clientOf(served, "ada"), await clientOf(served, "bob")];
    const { id } = await ada.createItem(newItem("a"), key);
    expect(await failureOf(bob.createItem(newItem("a"), key))).toMatch(/^ALREADY_EXISTS/);
    expect((await bob.createItem(newItem("b"), key)).id).not.toBe(id);
    expect((await ada.createItem(newItem("a"), key)).id).toBe(id);
  });

  it("is free again after a call that failed", async () => {
    const { client } = await serveItems();
    const { id } = await createItem(client, "a");
    expect(await failureOf(client.createItem(newItem("a"), key))).toMatch(/^ALREADY_EXISTS/);
    await client.deleteItem({ id });
    await client.createItem(newItem("a"), key);
    expect(await listAll(client)).toHaveLength(1);
  });

  it.each([
    ["", '""'],
    ["two words", '"two words"'],
    ["x".repeat(129), `"${"x".repeat(80)}…"`],
    [["a", "b"], '"a, b"'],
    [["a", "a"], '"a, a"'],
  ])("is refused if it is %j", async (value, got) => {
    const { client } = await serveItems();
    const options = sending({ "idempotency-key": value });
    const text = `idempotency-key: must be one value of 1 to 128 visible ASCII characters, got ${got}`;
    const failures = [
      await failureOf(client.createItem(newItem("a"), options)),
      await failureOf(client.batchCreateItems([newItem("a")], options)),
    ];
    expect(failures).toEqual(Array(2).fill(`INVALID_ARGUMENT: ${text}`));
    expect(await listAll(client)).toEqual([]);
  });

  it.each(["x".repeat(128), "!~", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])(
    "may be %j",
    async (value) => {
      const { client } = await serveItems();
      const options = sending({ "idempotency-key": value });
      const { id } = await client.createItem(newItem("a"), options);
      expect((await client.createItem(newItem("a"), options)).id).toBe(id);
    },
  );

  it("means nothing to methods that may be called twice anyway", async () => {
    const { client } = await serveItems();
    const { id } = await createItem(client, "a");
    const options = sending({ "idempotency-key": ["two words", "twice"] });
    await client.updateItem({ id, quantity: 1 }, options);
    expect(await client.getItem({ id }, options)).toMatchObject({ quantity: 1 });
    await client.deleteItem({ id }, options);
    expect(await listAll(client)).toEqual([]);
  });
});
