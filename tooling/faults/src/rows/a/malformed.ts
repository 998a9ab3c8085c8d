import { randomBytes } from "node:crypto";
import { callHead, type Entries, encodeHead } from "@grpc-kit/testing/hpack";
import { malformedHeads } from "@grpc-kit/testing/malformed-heads";
import {
  closing,
  connectAttacker,
  connectRaw,
  flags,
  frame,
  headers,
} from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import { judge, lateUnless, missUnless, outcomeOf } from "../../harness/judge.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { addressOf } from "../../wire/attacker.ts";
import { itemPaths } from "../../wire/items.ts";
import { refused } from "./services.ts";

// An address may connect a thousand times at once.
const perAddress = 400;

export const malformedHead: Row = {
  id: "A21",
  fault: "malformed heads of calls: a table of them, and sound ones that are changed at random",
  promise: "each is answered, or its connection is cut; never a crash",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const authorization = `Bearer ${service.token()}`;
    const table = malformedHeads(itemPaths.getItem, { authorization }).map(
      ([, entries]) => entries,
    );
    const count = harness.isQuick ? 150 : 10_000;
    const random = fc.sample(changedHeads(authorization), count);
    const { result, ...verdict } = await judge(
      harness,
      service,
      { victim: true, memory: true },
      async () => {
        let unanswered = 0;
        for (const [n, entries] of [...table, ...random].entries()) {
          const from = addressOf("A21", Math.floor(n / perAddress));
          unanswered += (await isAnswered(service.port, from, entries)) ? 0 : 1;
        }
        return unanswered;
      },
    );
    return outcomeOf(verdict, {
      measured: [`${table.length} heads of the table and ${count} at random`],
      misses: missUnless(result === 0, `${result} heads were not answered in 10 s`),
    });
  },
};

/** Does something with each of them, with a few at once. */
async function eachOf<Value>(
  values: readonly Value[],
  run: (value: Value, n: number) => Promise<void>,
): Promise<void> {
  const left = values.entries();
  async function lane(): Promise<void> {
    for (const [n, value] of left) {
      await run(value, n);
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function isAnswered(port: number, from: string, entries: Entries | Buffer): Promise<boolean> {
  const connection = await connectRaw(port, { from });
  await connection.send(headers(1, entries), frame("data", flags.endStream, 1, Buffer.alloc(5)));
  const holds = (): boolean => {
    const { ended, resets, isClosed, goaway } = connection;
    return ended.has(1) || resets.has(1) || isClosed || goaway !== undefined;
  };
  const answered = await waitUntil(holds, { intervalMs: 1 });
  connection.close();
  return answered;
}

/** A sound head with entries more or less, and a block with one byte changed. */
function changedHeads(authorization: string): fc.Arbitrary<Buffer> {
  const name = fc.oneof(
    fc.constantFrom(":path", ":method", ":authority", "te", "content-type", "grpc-timeout"),
    fc.constantFrom("grpc-encoding", "x-bin", "__proto__", "cookie", "host", "traceparent"),
    fc.constantFrom("authorization", "idempotency-key", "if-match", "x-request-id", "baggage"),
    fc.string({ maxLength: 12 }),
  );
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
  const changed = fc
    .tuple(fc.array(fc.tuple(name, value), { maxLength: 4 }), fc.nat(7), fc.boolean())
    .map(([more, at, replaces]) => {
      const sound = callHead(itemPaths.getItem, { authorization });
      return encodeHead([...sound.slice(0, at), ...more, ...sound.slice(replaces ? at + 1 : at)]);
    });
  const flipped = fc.tuple(changed, fc.nat(), fc.nat(255)).map(([block, at, byte]) => {
    block[at % block.byteLength] = byte;
    return block;
  });
  const bytes = fc.uint8Array({ maxLength: 80 }).map((block) => Buffer.from(block));
  return fc.oneof(
    { weight: 3, arbitrary: changed },
    { weight: 2, arbitrary: flipped },
    { weight: 1, arbitrary: bytes },
  );
}

const notHttp2: readonly Buffer[] = [
  Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  Buffer.from("POST /examples.ItemService/GetItem HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345"),
  Buffer.concat([Buffer.from("16030100c8010000c40303", "hex"), randomBytes(196)]),
  Buffer.from("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n".padEnd(64)),
];

export const notHttp2AtAll: Row = {
  id: "A22",
  fault: "random bytes, HTTP/1.1, and a TLS hello where no TLS is",
  promise: "cut within a second, and counted",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const count = harness.isQuick ? 200 : 10_000;
    const blobs = [
      ...notHttp2,
      ...Array.from({ length: count }, () => randomBytes(24 + Math.floor(Math.random() * 1_000))),
    ];
    const { result, ...verdict } = await judge(
      harness,
      service,
      { victim: true, memory: true, counters: [refused("not_http2", { min: blobs.length })] },
      async () => {
        let slowestMs = 0;
        await eachOf(blobs, async (blob, n) => {
          const from = addressOf("A22", Math.floor(n / perAddress));
          const socket = connectAttacker(service.port, from);
          const closed = closing(socket);
          const startMs = performance.now();
          socket.resume().write(blob);
          await closed;
          slowestMs = Math.max(slowestMs, performance.now() - startMs);
        });
        return slowestMs;
      },
    );
    const limitMs = harness.isQuick ? 5_000 : 1_000;
    return outcomeOf(verdict, {
      measured: [`${blobs.length} blobs, each cut after ${Math.round(result)} ms at the latest`],
      misses: lateUnless(
        result <= limitMs * verdict.stretch,
        `one was cut after ${Math.round(result)} ms`,
      ),
    });
  },
};
