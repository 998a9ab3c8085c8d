import { randomUUID } from "node:crypto";
import { Item, ItemSyncResponse } from "@grpc-kit/generated-protos/examples/items";
import { Maps, Tree, Tree_Leaf } from "@grpc-kit/testing/fixtures";
import { judge, lateUnless, missUnless, outcomeOf } from "../../harness/judge.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed, unframed } from "../../wire/framing.ts";
import { encoded, itemPaths, newItem } from "../../wire/items.ts";
import { type WireCaller, wireCaller } from "../../wire/wire-calls.ts";
import { startFixtureServer } from "../c/fixture-server.ts";
import { treeService } from "../c/tree-service.ts";
import { countItems } from "./bodies.ts";

const mebibyte = 1024 * 1024;

/** https://protobuf.dev/programming-guides/encoding/#varints */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push(128 + (rest % 128));
  }
  return Buffer.of(...bytes, rest);
}

/** A field of bytes, text or a message. */
export function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.byteLength), content]);
}

/** A Tree in a Tree's branches, this many times. */
function nestedTrees(depth: number): Buffer {
  const prefixes: Buffer[] = [];
  let length = 0;
  for (let n = 0; n < depth; n += 1) {
    const prefix = Buffer.concat([varint(3 * 8 + 2), varint(length)]);
    prefixes.push(prefix);
    length += prefix.byteLength;
  }
  return Buffer.concat(prefixes.reverse());
}

/** Groups in groups, of a field that no message has. */
function nestedGroups(depth: number): Buffer {
  const [start, end] = [varint(200 * 8 + 3), varint(200 * 8 + 4)];
  const groups = [Buffer.alloc(2 * depth, start), Buffer.alloc(2 * depth, end)];
  return Buffer.concat(groups).subarray(0, 4 * mebibyte);
}

export const nesting: Row = {
  id: "B8",
  fault: "messages in messages, and groups in groups, up to 2,000,000 deep",
  promise:
    "INTERNAL beyond 100, at once; 99 are taken (messages: grpc-server alone, as no item holds another)",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    const fixture = await startFixtureServer(harness);
    const grower = wireCaller(fixture);
    harness.onEnd(() => {
      caller.close();
      grower.close();
    });
    const trees = (depth: number): ReturnType<WireCaller["call"]> =>
      grower.call(treeService.grow.path, framed(nestedTrees(depth)));
    const groups = (depth: number): ReturnType<WireCaller["call"]> =>
      caller.call(itemPaths.getItem, framed(nestedGroups(depth)));
    const verdict = await judge(harness, service, { memory: { peakMiB: 64 } }, async () => ({
      flat: [await trees(99)],
      deep: [await trees(102), await trees(10_000), await trees(500_000)],
      flatGroups: [await groups(99)],
      deepGroups: [await groups(102), await groups(10_000), await groups(2_000_000)],
    }));
    const { flat, deep, flatGroups, deepGroups } = verdict.result;
    const refused = [...deep, ...deepGroups];
    const slowestMs = Math.max(...refused.map(({ tookMs }) => tookMs));
    const named = (outcomes: readonly { readonly name: string }[]): string[] =>
      outcomes.map(({ name }) => name);
    return outcomeOf(verdict, {
      measured: [`${tally(named(refused))} beyond 100, in ${Math.round(slowestMs)} ms at the most`],
      misses: [
        ...wrongAmong("99 messages", named(flat), "OK"),
        // The id of nothing is wrong, so it has been read.
        ...wrongAmong("99 groups", named(flatGroups), "INVALID_ARGUMENT"),
        ...wrongAmong("a deep message", named(refused), "INTERNAL"),
        ...missUnless(fixture.isAlive(), "the fixture server has ended"),
        ...lateUnless(slowestMs < 1_000, `one took ${Math.round(slowestMs)} ms, more than 1 s`),
      ],
    });
  },
};

export const unknownContent: Row = {
  id: "B9",
  fault: "text that is no UTF-8, fields and enum values that nobody knows",
  promise:
    "such text is read with U+FFFD, the same in each method, and stays so; unknown fields are skipped",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const bytes = Buffer.from([0x41, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf5]);
    const read = bytes.toString("utf8");
    const unknown = Buffer.concat([field(1_000, Buffer.from("?")), Buffer.of(15 * 8, 99)]);
    const item = (sku: string): Buffer =>
      Buffer.concat([field(1, bytes), field(2, bytes), field(3, Buffer.from(sku)), unknown]);
    const skus = [randomUUID(), randomUUID(), randomUUID()];
    const [unary = "", batch = "", sync = ""] = skus;
    const created = await caller.call(itemPaths.createItem, framed(item(unary)));
    const batched = await caller.call(itemPaths.batchCreateItems, framed(item(batch)));
    // An Item has its sku in another field.
    const upserted = Buffer.concat([
      field(2, bytes),
      field(3, bytes),
      field(4, Buffer.from(sync)),
      unknown,
    ]);
    const synced = await caller.call(itemPaths.syncItems, framed(field(1, upserted)));
    const misses: string[] = [
      ...wrongAmong("a call", [created.name, batched.name, synced.name], "OK"),
      ...missUnless(
        ItemSyncResponse.decode(unframed(synced.body)[0] ?? Buffer.of()).success,
        "SyncItems has refused what CreateItem takes",
      ),
    ];
    for (const sku of skus) {
      const request = encoded("listItems", {
        pageSize: 1,
        pageToken: "",
        filter: `sku = "${sku}"`,
      });
      const [message] = unframed((await caller.call(itemPaths.listItems, request)).body);
      const kept = Item.decode(message ?? Buffer.of());
      const isSame = kept.name === read && kept.description === read;
      misses.push(...missUnless(isSame, `${JSON.stringify(kept.name)} was kept, and not ${read}`));
    }
    return { measured: `read as ${JSON.stringify(read)} by 3 methods, and given back so`, misses };
  },
};

const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

export const prototypes: Row = {
  id: "B10",
  fault: "__proto__, constructor and the like as a sku, a filter's field, metadata, a key of a map",
  promise:
    "they are names as others are: kept where any is, refused where it is none, and nothing is polluted",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    const fixture = await startFixtureServer(harness);
    const grower = wireCaller(fixture);
    harness.onEnd(() => {
      caller.close();
      grower.close();
    });
    const misses: string[] = [];
    for (const name of names) {
      const headers = {
        [name.toLowerCase()]: "polluted",
        "idempotency-key": `${name}-${randomUUID()}`,
      };
      // Once for all runs on this service.
      const sku = `${name}.${randomUUID().slice(0, 20)}`;
      const created = await caller.call(
        itemPaths.createItem,
        encoded("createItem", newItem(sku)),
        Object.assign(Object.create(null), headers),
      );
      misses.push(...wrongAmong(`the sku and the metadata ${name}`, [created.name], "OK"));
      const list = encoded("listItems", { pageSize: 1, pageToken: "", filter: `${name} = "a"` });
      const listed = await caller.call(itemPaths.listItems, list);
      misses.push(...wrongAmong(`the filter's field ${name}`, [listed.name], "INVALID_ARGUMENT"));
      misses.push(
        ...missUnless((await countItems(caller, `sku = "${sku}"`)) === 1, `${sku} is lost`),
      );
    }
    const map = new Map(names.map((name) => [name, `of ${name}`]));
    const leaf = Tree_Leaf.create({ colour: 1 });
    const namedLeaves = new Map(names.map((name) => [name, leaf]));
    const tree = Tree.create({ maps: Maps.create({ byString: map }), namedLeaves });
    const grown = await grower.call(treeService.grow.path, framed(Tree.encode(tree).finish()));
    const back = Tree.decode(unframed(grown.body)[0] ?? Buffer.of());
    const keys = [back.maps?.byString, back.namedLeaves].map((each) => [...(each?.keys() ?? [])]);
    for (const kept of keys) {
      misses.push(...missUnless(kept.join() === names.join(), `a map has kept ${kept.join()}`));
    }
    misses.push(...missUnless(fixture.isAlive(), "the fixture server has ended"));
    return { measured: `${names.length} names in 4 places, all kept or refused`, misses };
  },
};
