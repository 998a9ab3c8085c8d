import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { callHead } from "@grpc-kit/testing/hpack";
import {
  closing,
  connectAttacker,
  flags,
  frame,
  headers,
  preface,
  settings,
} from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import type { Row } from "../row.ts";
import { encoded, itemPaths, newItem } from "../wire/items.ts";
import { fuzzRow } from "./fuzz-row.ts";
import { mutated } from "./mutations.ts";

interface BlobCase {
  readonly kind: "bytes" | "HTTP/1.1" | "TLS" | "HTTP/2";
  readonly bytes: Buffer;
}

const closedWithinMs = 5_000;

const headerLine = fc
  .tuple(
    fc.constantFrom("Host", "Content-Length", "Upgrade", "Transfer-Encoding"),
    fc.string({ maxLength: 20 }),
  )
  .map((pair) => pair.join(": "));
const http1 = fc
  .tuple(
    fc.constantFrom(
      "GET / HTTP/1.1",
      "POST /a/b HTTP/1.0",
      "PRI * HTTP/1.1",
      "CONNECT a:1 HTTP/1.1",
    ),
    fc.array(headerLine, { maxLength: 4 }),
  )
  .map(([first, lines]) => Buffer.from(`${[first, ...lines].join("\r\n")}\r\n\r\n`.padEnd(24)));

const clientHello = Buffer.concat([
  Buffer.from("16030100c8010000c40303", "hex"),
  Buffer.alloc(32, 7),
  Buffer.from("20", "hex"),
  Buffer.alloc(32, 9),
  Buffer.from("0004130113030100006f000000", "hex"),
]);

/** The start of a connection with two calls, in order but for the token. */
const connection = Buffer.concat([
  preface,
  settings(),
  headers(1, callHead(itemPaths.createItem, { authorization: "Bearer a.b.c" })),
  frame("data", flags.endStream, 1, encoded("createItem", newItem("lamp-1"))),
  headers(3, callHead(itemPaths.syncItems, { "grpc-timeout": "1S" })),
  frame("data", 0, 3, Buffer.alloc(5)),
  frame("ping", 0, 0, Buffer.alloc(8)),
  frame("data", flags.endStream, 3, Buffer.alloc(5)),
]);

function of<Kind extends BlobCase["kind"]>(kind: Kind, bytes: fc.Arbitrary<Buffer>) {
  return bytes.map((all): BlobCase => ({ kind, bytes: all }));
}

const blobs: fc.Arbitrary<BlobCase> = fc.oneof(
  of(
    "bytes",
    fc
      .uint8Array({ minLength: 24, maxLength: 1_000, size: "max" })
      .map((bytes) => Buffer.from(bytes)),
  ),
  of("HTTP/1.1", http1),
  of(
    "TLS",
    mutated(fc.constant(clientHello)).filter(({ byteLength }) => byteLength >= 24),
  ),
  { weight: 4, arbitrary: of("HTTP/2", mutated(fc.constant(connection))) },
);

/** "closed", "answered" or "silent", within that time. */
async function sendBlob(port: number, bytes: Buffer, withinMs: number): Promise<string> {
  const socket: Socket = connectAttacker(port);
  const closed = closing(socket);
  const answered = new Promise<string>((resolve) => socket.once("data", () => resolve("answered")));
  const timer = new AbortController();
  socket.write(bytes);
  // A server says its settings before it has heard anything; what counts without HTTP/2 is that it closes.
  const isHttp2 = bytes.subarray(0, preface.byteLength).equals(preface);
  try {
    return await Promise.race([
      closed.then(() => "closed"),
      ...(isHttp2 ? [answered] : []),
      delay(withinMs, "silent", { signal: timer.signal }),
    ]);
  } finally {
    timer.abort();
    socket.destroy();
    await closed;
  }
}

export const sockets: Row = fuzzRow<BlobCase>({
  id: "Z1",
  fault:
    "bytes on the socket: any, HTTP/1.1, a hello of TLS, the start of a connection with a few bytes changed",
  promise: "what is no HTTP/2 is closed at once; nothing ends the process",
  cases: blobs,
  prepare({ port }) {
    return async ({ kind, bytes }) => {
      const isHttp2 = kind === "HTTP/2";
      // The changed ones may have half a frame, for which more is to come.
      const end = await sendBlob(port, bytes, isHttp2 ? 20 : closedWithinMs);
      const fault =
        end === "closed" || isHttp2 ? undefined : `it was still open after ${closedWithinMs} ms`;
      return { name: `${kind} ${end}`, fault };
    };
  },
});
