import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Metadata } from "@grpc/grpc-js";
import type { ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { all } from "../src/demo/all.ts";
import { newItem, type SoakParts, seedPrefix } from "./scenario.ts";
import type { Code } from "./tally.ts";

const missing = "00000000-0000-4000-8000-000000000000";
const pauseMs = 50;

/** Each kind of refusal. */
export async function beRefused(parts: SoakParts): Promise<void> {
  const { tally, client, reader, stranger } = parts;
  const { items } = client;
  const taken = { ...newItem(parts), sku: `${seedPrefix(parts)}0` };
  const invalid = { ...newItem(parts), quantity: -1 };
  const stale = new Metadata();
  stale.set("if-match", '"stale"');
  const failing: readonly [Code, string, () => Promise<unknown>][] = [
    ["NOT_FOUND", "GetItem", () => items.getItem({ id: missing })],
    ["INVALID_ARGUMENT", "CreateItem", () => items.createItem(invalid)],
    ["ALREADY_EXISTS", "CreateItem", () => items.createItem(taken)],
    ["NOT_FOUND", "UpdateItem", () => items.updateItem({ id: missing }, { metadata: stale })],
    ["NOT_FOUND", "DeleteItem", () => items.deleteItem({ id: missing })],
    ["INVALID_ARGUMENT", "ListItems", () => all(items.listItems(listing("quantity ~ 1")))],
    ["PERMISSION_DENIED", "DeleteItem", () => reader.items.deleteItem({ id: missing })],
    ["UNAUTHENTICATED", "GetItem", () => stranger.items.getItem({ id: missing })],
    ["UNAUTHENTICATED", "ListItems", () => all(stranger.items.listItems(listing("")))],
  ];
  for (const [code, name, make] of failing) {
    await tally.call(name, make, { expected: [code] });
  }
  const both = [newItem(parts), invalid, taken];
  const reply = await tally.call("BatchCreateItems", () => items.batchCreateItems(both));
  tally.check(reply?.errors.length === 2, "a batch does not tell what is wrong with it");
  for (const id of reply?.createdIds ?? []) {
    await tally.call("DeleteItem", () => items.deleteItem({ id }));
  }
}

/** Calls of all kinds that are given up: at once, soon, or in the midst of a stream. */
export async function giveUp(parts: SoakParts): Promise<void> {
  const { tally, fickle, seedIds } = parts;
  const { items } = fickle;
  const [id = ""] = seedIds;
  const seeds = listing(`sku : "${seedPrefix(parts)}"`);
  const deletion: ItemSyncRequest = { action: { $case: "deleteId", value: missing } };
  const given: readonly [string, number, (signal: AbortSignal) => Promise<unknown>][] = [
    ["GetItem", randomInt(5), (signal) => items.getItem({ id }, { signal })],
    ["ListItems", randomInt(50), (signal) => all(items.listItems(seeds, { signal }))],
    ["ListItems", 1_000, (signal) => items.listItems(seeds, { signal }).next()],
    [
      "BatchCreateItems",
      20,
      (signal) => items.batchCreateItems(endless(newItem(parts)), { signal }),
    ],
    ["SyncItems", 20, (signal) => all(items.syncItems(endless(deletion), { signal }))],
  ];
  for (const [name, ms, make] of given) {
    const expected: readonly Code[] = ["OK", "CANCELLED"];
    await tally.call(name, () => make(AbortSignal.timeout(ms)), { expected });
    await delay(pauseMs);
  }
}

/** Calls that have too little time, or may have. */
export async function beLate(parts: SoakParts): Promise<void> {
  const { tally, fickle } = parts;
  const { items } = fickle;
  const seeds = listing(`sku : "${seedPrefix(parts)}"`);
  const expected: readonly Code[] = ["OK", "DEADLINE_EXCEEDED"];
  const late = { timeoutMs: randomInt(1, 10) };
  await tally.call("ListItems", () => all(items.listItems(seeds, late)), { expected });
  await delay(pauseMs);
  const create = () => items.batchCreateItems(endless(newItem(parts)), late);
  await tally.call("BatchCreateItems", create, { expected });
  await delay(pauseMs);
}

/** A client that comes, makes a call and goes. */
export async function comeAndGo({ tally, openClient }: SoakParts): Promise<void> {
  const client = openClient();
  await tally.call("GetItem", () => client.items.getItem({ id: randomUUID() }), {
    expected: ["NOT_FOUND"],
  });
  await tally.call("close", () => client.close());
  await delay(pauseMs);
}

function listing(filter: string) {
  return { pageSize: 1_000, pageToken: "", filter };
}

async function* endless<Message>(message: Message): AsyncGenerator<Message> {
  for (;;) {
    yield message;
    await delay(1);
  }
}
