import { randomUUID } from "node:crypto";
import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { bodies, encoded, itemPaths } from "../../wire/items.ts";
import { callerOf } from "../d/key-service.ts";
import { isEndOfCall, tailOf } from "./log-lines.ts";

const planted = {
  name: "PLANTED Ada Lovelace",
  description: "ada.lovelace@planted.example",
  metadata: "PLANTED-4111111111111111",
};

export const payloads: Row = {
  id: "E6",
  fault:
    "Names, addresses and numbers in the messages of all methods, and in metadata, at the level debug",
  promise:
    "no message and no metadata is in the log; only a field that is wrong is quoted, to its caller and there",
  isQuick: false,
  async run(harness) {
    const service = await harness.service({ own: true, env: { LOG_LEVEL: "debug" } });
    const caller = callerOf(harness, service);
    const tail = tailOf(service);
    const headers = {
      authorization: `Bearer ${service.token()}`,
      "x-customer": planted.metadata,
      "user-agent": planted.metadata,
    };
    const { name, description } = planted;
    const item = { name, description, sku: "lamp-1", quantity: 1, price: 1 };
    const bad = { ...item, quantity: -1 };
    const update = { id: randomUUID(), name, description, quantity: undefined, price: undefined };
    const page = {
      pageSize: 2,
      pageToken: "",
      filter: `name : "${name}" OR description = "${description}"`,
    };
    const calls: readonly (readonly [path: string, body: Buffer])[] = [
      [itemPaths.createItem, encoded("createItem", item)],
      [itemPaths.createItem, encoded("createItem", { ...item, sku: "lamp-2" })],
      [itemPaths.createItem, encoded("createItem", bad)],
      [itemPaths.getItem, encoded("getItem", { id: randomUUID() })],
      [itemPaths.updateItem, encoded("updateItem", update)],
      [itemPaths.updateItem, encoded("updateItem", { ...update, id: "none" })],
      [itemPaths.deleteItem, encoded("deleteItem", { id: randomUUID() })],
      [itemPaths.listItems, encoded("listItems", page)],
      [itemPaths.listItems, encoded("listItems", { ...page, pageToken: "none" })],
      [
        itemPaths.batchCreateItems,
        Buffer.concat([encoded("createItem", item), encoded("createItem", bad)]),
      ],
      [itemPaths.syncItems, bodies.deleteAction(randomUUID())],
    ];
    const names: string[] = [];
    for (const [path, body] of calls) {
      // A key that is used again for another request is quoted, as any other field that is wrong.
      const key = `${planted.metadata}-${names.length}`;
      names.push((await caller.call(path, body, { ...headers, "idempotency-key": key })).name);
    }
    const lines = await tail.waitFor(calls.length, isEndOfCall);
    const log = lines.map(({ text }) => text).join("\n");
    const found = Object.entries(planted).filter(([, value]) => log.includes(value));
    const ends = lines.filter(({ fields }) => fields !== undefined && isEndOfCall(fields)).length;
    return {
      measured: `${calls.length} calls (${new Set(names).size} endings), ${lines.length} lines, ${found.length || "none"} of ${Object.keys(planted).length} planted texts found`,
      misses: [
        ...found.map(([field, value]) => {
          const line = lines.find(({ text }) => text.includes(value))?.text ?? "";
          return `the ${field} is in the log: ${line.slice(0, 400)}`;
        }),
        ...missUnless(names.includes("OK"), "no call was well"),
        ...missUnless(ends === calls.length, `${ends} calls are in the log`),
      ],
    };
  },
};
