import { randomUUID } from "node:crypto";
import { wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { unframed } from "../../wire/framing.ts";
import { encoded, type ItemMethod, itemPaths, newItem, upsert } from "../../wire/items.ts";
import { type WireCaller, wireCaller } from "../../wire/wire-calls.ts";

/** How many items there are with that sku, or with one that begins so. */
export async function countItems(caller: WireCaller, filter: string): Promise<number> {
  const request = encoded("listItems", { pageSize: 1_000, pageToken: "", filter });
  const { name, message, body } = await caller.call(itemPaths.listItems, request);
  if (name !== "OK") {
    throw new Error(`ListItems with the filter ${filter} ended ${name}: ${message}`);
  }
  return unframed(body).length;
}

type Case = readonly [
  fault: string,
  method: ItemMethod,
  make: (whole: Buffer) => Buffer,
  name: string,
];

const nothing = Buffer.alloc(0);
const halfPrefix = (): Buffer => Buffer.alloc(3);
const half = (whole: Buffer): Buffer => whole.subarray(0, whole.byteLength - 3);
const twice = (whole: Buffer): Buffer => Buffer.concat([whole, whole]);
const andHalf = (whole: Buffer): Buffer => Buffer.concat([whole, whole.subarray(0, 3)]);

// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
const cases: readonly Case[] = [
  ["a prefix cut short", "createItem", halfPrefix, "INTERNAL"],
  ["a message cut short", "createItem", half, "INTERNAL"],
  ["a second message cut short", "createItem", andHalf, "INTERNAL"],
  ["two messages", "createItem", twice, "UNIMPLEMENTED"],
  ["no message", "createItem", () => nothing, "UNIMPLEMENTED"],
  ["a message cut short", "listItems", half, "INTERNAL"],
  ["two messages", "listItems", twice, "UNIMPLEMENTED"],
  ["no message", "listItems", () => nothing, "UNIMPLEMENTED"],
  ["a message cut short", "batchCreateItems", half, "INTERNAL"],
  ["a second message cut short", "batchCreateItems", andHalf, "INTERNAL"],
  ["no message", "batchCreateItems", () => nothing, "OK"],
  ["a message cut short", "syncItems", half, "INTERNAL"],
  ["no message", "syncItems", () => nothing, "OK"],
];

export const brokenBodies: Row = {
  id: "B7",
  fault: "the wrong number of messages, a message cut short, an empty body",
  promise: "UNIMPLEMENTED and INTERNAL, as the specification has it, and nothing is done of it",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const misses: string[] = [];
    for (const [fault, method, make, promised] of cases) {
      const sku = randomUUID();
      const requests: Partial<Record<ItemMethod, Buffer>> = {
        listItems: encoded("listItems", { pageSize: 1, pageToken: "", filter: "" }),
        syncItems: encoded("syncItems", upsert(newItem(sku))),
      };
      const whole = requests[method] ?? encoded("createItem", newItem(sku));
      const { name } = await caller.call(itemPaths[method], make(whole));
      misses.push(...wrongAmong(`${fault} to ${method}`, [name], promised));
      if ((await countItems(caller, `sku = "${sku}"`)) !== 0) {
        misses.push(`${fault} to ${method} has created an item`);
      }
    }
    return { measured: `${cases.length} broken bodies, 0 items of them`, misses };
  },
};
