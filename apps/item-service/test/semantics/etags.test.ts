import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import {
  callErrorOf,
  createItem,
  failureOf,
  type ItemStub,
  newItem,
  serveItems,
} from "../serve.ts";
import { sending, takeTrailers } from "./metadata-of.ts";

async function etagOf(client: ItemStub, id: string): Promise<string> {
  const { onStatus, trailer } = takeTrailers();
  await client.getItem({ id }, { onStatus });
  return trailer("etag") ?? "";
}

describe("an etag", () => {
  it("is the same until the item changes", async () => {
    const { client } = await serveItems();
    const { onStatus, trailer } = takeTrailers();
    const { id } = await client.createItem(newItem("a"), { onStatus });
    const first = trailer("etag");
    expect(first).toMatch(/^"[\w-]{22}"$/);
    expect(await etagOf(client, id)).toBe(first);
    await client.updateItem({ id, quantity: 1 }, { onStatus });
    const second = trailer("etag");
    expect(second).not.toBe(first);
    expect(await etagOf(client, id)).toBe(second);
    await client.updateItem({ id }, { onStatus });
    expect(trailer("etag")).toBe(second);
  });

  it("is of no call that fails", async () => {
    const { client } = await serveItems();
    const { onStatus, trailer } = takeTrailers();
    await failureOf(client.getItem({ id: randomUUID() }, { onStatus }));
    expect(trailer("etag")).toBeUndefined();
  });
});

describe("if-match", () => {
  it("has UpdateItem and DeleteItem leave alone an item that has changed", async () => {
    const { client } = await serveItems();
    const { id } = await createItem(client, "a");
    const stale = sending({ "if-match": await etagOf(client, id) });
    const changed = await client.updateItem({ id, quantity: 1 }, stale);
    for (const send of [
      () => client.updateItem({ id, quantity: 2 }, stale),
      () => client.updateItem({ id }, stale),
      () => client.deleteItem({ id }, stale),
    ]) {
      expect(await callErrorOf(send())).toMatchObject({
        code: status.ABORTED,
        reason: "ITEM_CHANGED",
        message: expect.stringContaining("has changed since it was read; read it again"),
      });
    }
    expect(await client.getItem({ id })).toEqual(changed);
    await client.deleteItem({ id }, sending({ "if-match": await etagOf(client, id) }));
    expect(await failureOf(client.getItem({ id }))).toMatch(/^NOT_FOUND/);
  });

  it("loses no change of callers who read and write at once", async () => {
    const { client } = await serveItems();
    const { id } = await client.createItem({ ...newItem("a"), quantity: 0 });
    const writers = 8;
    let conflicts = 0;
    async function addOne(): Promise<void> {
      const { onStatus, trailer } = takeTrailers();
      const { quantity } = await client.getItem({ id }, { onStatus });
      const options = sending({ "if-match": trailer("etag") ?? "" });
      const failure = await failureOf(client.updateItem({ id, quantity: quantity + 1 }, options));
      if (failure !== "OK") {
        expect(failure).toMatch(/^ABORTED/);
        conflicts += 1;
        return addOne();
      }
    }
    async function addMany(): Promise<void> {
      for (let count = 0; count < 5; count += 1) {
        await addOne();
      }
    }
    await Promise.all(Array.from({ length: writers }, addMany));
    expect(await client.getItem({ id })).toMatchObject({ quantity: 5 * writers });
    expect(conflicts).toBeGreaterThan(0);
  });

  it("takes any of several etags, and * for whatever is there", async () => {
    const { client } = await serveItems();
    const { id } = await createItem(client, "a");
    const update = async (toValue: (etag: string) => string) => {
      const options = sending({ "if-match": toValue(await etagOf(client, id)) });
      return (await failureOf(client.updateItem({ id, quantity: 1 }, options))).split(":")[0];
    };
    expect(await update((etag) => etag)).toBe("OK");
    expect(await update(() => "*")).toBe("OK");
    expect(await update((etag) => `"x",  ${etag} , W/"y"`)).toBe("OK");
    expect(await update(() => '"x", ""')).toBe("ABORTED");
    // https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1: the comparison is a strong one.
    expect(await update((etag) => `W/${etag}`)).toBe("ABORTED");
  });

  it.each(["", "x", '"x', 'x"', '"a b"', '"x" "y"', '"x",', '*, "x"', 'w/"x"', "*, *"])(
    "is refused if it is %j",
    async (value) => {
      const { client } = await serveItems();
      const { id } = await createItem(client, "a");
      const options = sending({ "if-match": value });
      const text = `INVALID_ARGUMENT: if-match: must be "*" or quoted etags, got ${JSON.stringify(value)}`;
      expect(await failureOf(client.updateItem({ id, quantity: 1 }, options))).toBe(text);
      expect(await failureOf(client.deleteItem({ id }, options))).toBe(text);
      expect(await client.getItem({ id })).toMatchObject({ quantity: 10 });
    },
  );

  it("finds no item that is not there, whatever it asks for", async () => {
    const { client } = await serveItems();
    const id = randomUUID();
    for (const value of ["*", '"x"']) {
      const options = sending({ "if-match": value });
      expect(await failureOf(client.updateItem({ id, name: "x" }, options))).toMatch(/^NOT_FOUND/);
      expect(await failureOf(client.deleteItem({ id }, options))).toMatch(/^NOT_FOUND/);
    }
  });
});
