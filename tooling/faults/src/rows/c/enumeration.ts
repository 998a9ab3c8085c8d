import { randomUUID } from "node:crypto";
import { Item } from "@grpc-kit/generated-protos/examples/items";
import { missUnless } from "../../harness/judge.ts";
import { wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { unframed } from "../../wire/framing.ts";
import { encoded, itemPaths, newItem, upsert } from "../../wire/items.ts";
import { type WireOutcome, wireCaller } from "../../wire/wire-calls.ts";

/** All that came, but for what is another one for each call, whatever it is about. */
function comparable({ headers, body }: WireOutcome, id: string): string {
  const { date, "x-request-id": _, ...rest } = headers;
  const values = Object.entries(rest).map(([name, value]) =>
    name.endsWith("-bin")
      ? Buffer.from(String(value), "base64").toString("latin1")
      : `${name}: ${value}`,
  );
  return [...values, body.toString("latin1")].join("\n").replaceAll(id, "<id>");
}

export const enumeration: Row = {
  id: "C10",
  fault: "a caller finds out by errors what there is",
  promise:
    "without the scope all is PERMISSION_DENIED, byte by byte the same; what was deleted is as what never was",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const owner = wireCaller(service, service.token());
    const reader = wireCaller(service, service.token("items:read"));
    const nobody = wireCaller(service, service.token("none"));
    harness.onEnd(() => {
      for (const caller of [owner, reader, nobody]) {
        caller.close();
      }
    });
    const create = async (): Promise<Item> => {
      const created = await owner.call(itemPaths.createItem, encoded("createItem", newItem()));
      return Item.decode(unframed(created.body)[0] ?? Buffer.of());
    };
    const there = await create();
    const gone = await create();
    await owner.call(itemPaths.deleteItem, encoded("deleteItem", { id: gone.id }));
    const never = randomUUID();
    const misses: string[] = [];
    const compare = (
      what: string,
      promised: string,
      first: string,
      second: string,
      names: readonly string[],
    ): void => {
      misses.push(
        ...wrongAmong(what, names, promised),
        ...missUnless(first === second, `${what}: the answers differ`),
      );
    };
    for (const method of ["getItem", "updateItem", "deleteItem"] as const) {
      const body = (id: string): Buffer => encoded(method, { id });
      const denied = method === "getItem" ? nobody : reader;
      const [yes, no] = [
        await denied.call(itemPaths[method], body(there.id)),
        await denied.call(itemPaths[method], body(never)),
      ];
      compare(
        `${method} without the scope`,
        "PERMISSION_DENIED",
        comparable(yes, there.id),
        comparable(no, never),
        [yes.name, no.name],
      );
      const [was, is] = [
        await owner.call(itemPaths[method], body(gone.id)),
        await owner.call(itemPaths[method], body(never)),
      ];
      compare(
        `${method} of what is not there`,
        "NOT_FOUND",
        comparable(was, gone.id),
        comparable(is, never),
        [was.name, is.name],
      );
    }
    // The sku of another item, by a caller who may not create any.
    const taken = await reader.call(
      itemPaths.createItem,
      encoded("createItem", newItem(there.sku)),
    );
    const free = await reader.call(itemPaths.createItem, encoded("createItem", newItem()));
    compare(
      "a sku, taken and free",
      "PERMISSION_DENIED",
      comparable(taken, there.sku),
      comparable(free, there.sku),
      [taken.name, free.name],
    );
    const synced = await reader.call(
      itemPaths.syncItems,
      encoded("syncItems", upsert(newItem(there.sku))),
    );
    misses.push(...wrongAmong("SyncItems without the scope", [synced.name], "PERMISSION_DENIED"));
    return { measured: "7 pairs of calls, the same byte by byte but for the id", misses };
  },
};
