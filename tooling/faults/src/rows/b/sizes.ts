import { credentials, status } from "@grpc/grpc-js";
import {
  type CreateItemRequest,
  ItemServiceClient,
} from "@grpc-kit/generated-protos/examples/items";
import { authorized, clientOptions, createItem, createItemClient } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { judge, lateUnless, missUnless, outcomeOf } from "../../harness/judge.ts";
import { percentile } from "../../harness/percentile.ts";
import type { Outcome, Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { encoded, type ItemMethod, itemPaths } from "../../wire/items.ts";
import { type WireOutcome, wireCaller } from "../../wire/wire-calls.ts";

const mebibyte = 1024 * 1024;
const limit = 4 * mebibyte;
const nothing = Buffer.alloc(0);
const methods = Object.keys(itemPaths) as ItemMethod[];

/** A new item with as much text as makes its message this many bytes. */
export function itemOfSize(bytes: number): Buffer {
  const description = Buffer.alloc(bytes - 5, "x");
  const head = Buffer.of((2 << 3) | 2, 0, 0, 0, 0);
  const length = description.byteLength;
  // The description's length, always in four bytes.
  head.set(
    [length & 127, (length >> 7) & 127, (length >> 14) & 127].map((part) => part | 128),
    1,
  );
  head.writeUInt8((length >> 21) & 127, 4);
  return Buffer.concat([head, description]);
}

export const declaredLength: Row = {
  id: "B1",
  fault: "a message says that it has 4 GB",
  promise: "it is refused by its 5 bytes of prefix, to each method, and costs no memory",
  isQuick: true,
  async run(harness): Promise<Outcome> {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const prefix = framed(nothing, { length: 2 ** 32 - 1 });
    const verdict = await judge(
      harness,
      service,
      { memory: { peakMiB: 16, keptMiB: 8 } },
      async () => {
        const outcomes: WireOutcome[] = [];
        for (let round = 0; round < 10; round += 1) {
          for (const method of methods) {
            outcomes.push(await caller.call(itemPaths[method], prefix, {}, { staysOpen: true }));
          }
        }
        return outcomes;
      },
    );
    const wrong = verdict.result.filter(({ name }) => name !== "RESOURCE_EXHAUSTED");
    const p50Ms = percentile(
      verdict.result.map(({ tookMs }) => tookMs),
      50,
    );
    return outcomeOf(verdict, {
      measured: [
        `${verdict.result.length} calls of ${methods.length} methods refused in ${Math.round(p50Ms)} ms`,
      ],
      misses: [
        ...missUnless(wrong.length === 0, `${wrong.length} of them ended ${wrong[0]?.name}`),
        ...lateUnless(p50Ms <= 50, `the median took ${Math.round(p50Ms)} ms, more than 50`),
      ],
    });
  },
};

export const oversizeBody: Row = {
  id: "B2",
  fault: "a body of 1 GB is streamed, at a limit of 4 MiB",
  promise:
    "it is never held: RSS +32 MiB at the most; a message at the limit is taken, one byte more is refused",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const path = itemPaths.createItem;
    // Valid but for the length of its text, so it has been read.
    const taken = await caller.call(path, framed(itemOfSize(limit)));
    const refused = await caller.call(path, framed(itemOfSize(limit + 1)));
    const body = largeBody(1_024);
    const verdict = await judge(harness, service, { memory: { peakMiB: 32 } }, () =>
      caller.call(itemPaths.batchCreateItems, body.chunks),
    );
    return outcomeOf(verdict, {
      measured: [
        `4 MiB: ${taken.name}`,
        `a byte more: ${refused.name}`,
        `${verdict.result.name} after ${body.sentMiB} MiB of the body were sent`,
      ],
      misses: [
        ...missUnless(taken.name === "INVALID_ARGUMENT", `4 MiB were not read: ${taken.name}`),
        ...missUnless(refused.name === "RESOURCE_EXHAUSTED", `a byte more is ${refused.name}`),
        ...missUnless(
          verdict.result.name === "RESOURCE_EXHAUSTED",
          `the body ends ${verdict.result.name}`,
        ),
      ],
    });
  },
};

interface LargeBody {
  chunks: Iterable<Buffer>;
  /** How much of it has been asked for. */
  sentMiB: number;
}

/** A message of that many MiB. */
function largeBody(mebibytes: number): LargeBody {
  const chunk = Buffer.alloc(mebibyte, "x");
  const body: LargeBody = { sentMiB: 0, chunks: [] };
  function* chunks(): Iterable<Buffer> {
    yield framed(nothing, { length: mebibytes * mebibyte });
    for (; body.sentMiB < mebibytes; body.sentMiB += 1) {
      yield chunk;
    }
  }
  body.chunks = chunks();
  return body;
}

export const oversizeAnswer: Row = {
  id: "B15",
  fault: "an answer is larger than the server may send, or than its caller takes",
  promise: "RESOURCE_EXHAUSTED, and no part of it is told as OK; the server goes on",
  isQuick: false,
  run: answers,
};

async function answers(harness: Harness): Promise<Outcome> {
  const service = await harness.service({ env: { GRPC_SERVER_MAX_SEND_MESSAGE_BYTES: "1000" } });
  const caller = wireCaller(service, service.token());
  const client = createItemClient(service);
  harness.onEnd(() => {
    caller.close();
    client.close();
  });
  const small = await createItem(client, service.token());
  const large: CreateItemRequest = {
    name: "Lamp",
    sku: `large-${crypto.randomUUID()}`,
    description: "x".repeat(1_900),
    quantity: 1,
    price: 1,
  };
  const created = await caller.call(itemPaths.createItem, encoded("createItem", large));
  const list = { pageSize: 1_000, pageToken: "", filter: `sku = "${large.sku}"` };
  const listed = await caller.call(itemPaths.listItems, encoded("listItems", list));
  const got = await caller.call(itemPaths.getItem, encoded("getItem", { id: small }));
  // And the other side: a client whose own limit is lower.
  const code = await new Promise<string>((resolve) => {
    const picky = new ItemServiceClient(service.address, credentials.createInsecure(), {
      ...clientOptions,
      "grpc.max_receive_message_length": 50,
    });
    picky.getItem({ id: small }, authorized(service.token()), (error) => {
      picky.close();
      resolve(status[error?.code ?? status.OK] ?? "no code");
    });
  });
  const names = { created: created.name, listed: listed.name, "at the caller's limit": code };
  return {
    measured: [
      ...Object.entries(names).map(([what, name]) => `${what}: ${name}`),
      `${created.body.byteLength + listed.body.byteLength} bytes of them sent`,
      `one that fits: ${got.name}`,
    ].join(", "),
    misses: [
      ...Object.entries(names).flatMap(([what, name]) =>
        missUnless(name === "RESOURCE_EXHAUSTED", `${what} is ${name}`),
      ),
      ...missUnless(
        created.body.byteLength + listed.body.byteLength === 0,
        "a part of an answer was sent",
      ),
      ...missUnless(got.name === "OK", `an answer that fits is ${got.name}`),
    ],
  };
}
