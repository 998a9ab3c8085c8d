import { randomUUID } from "node:crypto";
import { callHead, encodeHead } from "@grpc-kit/testing/hpack";
import { connectRaw, streamId } from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import { inLanes } from "../../harness/in-lanes.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import type { Row } from "../../row.ts";
import { bodies, callFrames, encoded, itemPaths } from "../../wire/items.ts";
import { callerOf, callWith } from "../d/key-service.ts";
import { isEndOfCall, tailOf } from "./log-lines.ts";

const nasty = [
  '\r\n{"level":"info","message":"finished call"}',
  "\u001b[2J\u001b[31mred",
  '","level":"fatal","x":"',
  "\u2028\u2029\u202e",
  "\\",
  "\0",
  "a".repeat(4_000),
  "\ud83d",
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const unsafe = /[\u0000-\u001f\u007f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const maxLine = 16_384;

export const logInjection: Row = {
  id: "E4",
  fault: "Line breaks, escapes, quotes, U+2028 and long texts in metadata, paths and fields",
  promise: "one line of JSON for each call, of bounded length, without control characters",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({ own: true });
    const caller = callerOf(harness, service);
    const tail = tailOf(service);
    const texts = [
      ...nasty,
      ...fc.sample(fc.string({ unit: "binary", maxLength: 200 }), harness.isQuick ? 50 : 2_000),
    ];
    const authorization = `Bearer ${service.token()}`;
    await inLanes(texts, 8, async (text) => {
      const item = { name: text, description: text, sku: text, quantity: -1, price: 1 };
      await caller.call(itemPaths.createItem, encoded("createItem", item), { authorization });
      await caller.call(itemPaths.getItem, encoded("getItem", { id: text }), { authorization });
      const page = { pageSize: 1, pageToken: text, filter: `name = "${text}` };
      await caller.call(itemPaths.listItems, encoded("listItems", page), { authorization });
    });
    const heads = await sendHeads(service, texts);
    // The last one tells that all before it are there.
    const last = randomUUID();
    await callWith(caller, { authorization, "x-request-id": last });
    const lines = await tail.waitFor(1, (fields) => fields.request_id === last);
    const broken = lines.filter(({ fields }) => fields === undefined);
    const long = lines.filter(({ text }) => text.length > maxLine);
    const controls = lines.filter(
      ({ text, fields }) =>
        unsafe.test(text) ||
        Object.values(fields ?? {}).some((value) => unsafe.test(String(value))),
    );
    const ends = lines.filter(({ fields }) => fields !== undefined && isEndOfCall(fields)).length;
    const counted = 3 * texts.length + heads.answered + 1;
    return {
      measured: `${counted} calls, ${ends} lines of calls, ${broken.length || "none"} that cannot be read, the longest of ${Math.max(...lines.map(({ text }) => text.length))} characters`,
      misses: [
        ...broken
          .slice(0, 3)
          .map(({ text }) => `a line is no JSON: ${JSON.stringify(text.slice(0, 100))}`),
        ...controls
          .slice(0, 3)
          .map(
            ({ text }) => `a line has control characters: ${JSON.stringify(text.slice(0, 100))}`,
          ),
        ...missUnless(
          long.length === 0,
          `${long.length} lines have more than ${maxLine} characters`,
        ),
        ...missUnless(ends === counted, `${ends} lines tell of calls, and not ${counted}`),
      ],
    };
  },
};

/** Sends the texts in header fields and paths, as no client would. Tells how many calls were answered. */
async function sendHeads(
  service: Service,
  texts: readonly string[],
): Promise<{ readonly answered: number }> {
  let answered = 0;
  for (const text of texts) {
    const connection = await connectRaw(service.port);
    const value = Buffer.from(text.slice(0, 1_000));
    const heads = [
      [...callHead(itemPaths.getItem), ["x-request-id", value], ["user-agent", value]],
      [...callHead(itemPaths.getItem), ["authorization", value], ["traceparent", value]],
      [...callHead(`/examples.ItemService/${text.slice(0, 1_000)}`)],
    ] as const;
    await connection.send(
      ...heads.map((head, n) => callFrames(streamId(n), encodeHead(head), bodies.getItem("a"))),
    );
    const endMs = performance.now() + 5_000;
    const isDone = (): boolean =>
      connection.isClosed ||
      heads.every(
        (_, n) => connection.ended.has(streamId(n)) || connection.resets.has(streamId(n)),
      );
    while (!isDone() && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    answered += connection.ended.size;
    connection.close();
  }
  return { answered };
}
