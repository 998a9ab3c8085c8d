import { callHead, type Entries, encodeHead } from "@grpc-kit/testing/hpack";
import { connectRaw, flags, frame, headers, type RawConnection } from "@grpc-kit/testing/raw-http2";
import fc from "fast-check";
import { faultOf } from "../harness/answer-faults.ts";
import type { Row } from "../row.ts";
import { itemPaths } from "../wire/items.ts";
import { wireCaller } from "../wire/wire-calls.ts";
import { fuzzRow } from "./fuzz-row.ts";

type MetadataCase =
  | { readonly kind: "sound"; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "raw"; readonly block: Buffer };

// Those of the protocol and of the service, which have a meaning.
const known = fc.constantFrom(
  ...[
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "traceparent",
    "tracestate",
    "baggage",
  ],
  ...[
    "x-request-id",
    "idempotency-key",
    "if-match",
    "accept-language",
    "user-agent",
    "cookie",
    "te",
  ],
  ...["grpc-trace-bin", "grpc-previous-rpc-attempts", "x-a-bin", "content-length"],
);
const name = fc.oneof(
  { weight: 3, arbitrary: known },
  { weight: 1, arbitrary: fc.stringMatching(/^x-[a-z0-9_.-]{1,20}$/) },
  { weight: 1, arbitrary: fc.stringMatching(/^x-[a-z]{1,8}-bin$/) },
);
const value = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => text.trim()),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  fc.constantFrom(
    "1S",
    "99999999H",
    "gzip",
    "identity",
    "00-0-0-00",
    "a=b,c=d",
    "*",
    '"1", "2"',
    "0",
  ),
  fc.constantFrom(100, 4_000, 15_000, 17_000, 40_000).map((length) => "x".repeat(length)),
);
const sound = fc
  .array(fc.tuple(name, value), { maxLength: 6 })
  .map((pairs) => Object.fromEntries(pairs))
  // A content-length that is wrong breaks the protocol, and costs the peer its connection.
  .map(({ te: _, "content-length": __, ...all }) => all)
  .filter((all) => Object.values(all).join("").length < 50_000)
  .map((all): MetadataCase => ({ kind: "sound", headers: all }));

const anyName = fc.oneof(
  known,
  fc.constantFrom(
    ":path",
    ":method",
    ":authority",
    "content-type",
    "authorization",
    "__proto__",
    "host",
  ),
  fc.string({ maxLength: 12 }),
);
const anyValue = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const changedHead = fc
  .tuple(fc.array(fc.tuple(anyName, anyValue), { maxLength: 4 }), fc.nat(6), fc.boolean())
  .map(([more, at, replaces]): Entries => {
    const head = callHead(itemPaths.getItem);
    return [...head.slice(0, at), ...more, ...head.slice(replaces ? at + 1 : at)];
  });
const raw = fc
  .oneof(
    { weight: 3, arbitrary: changedHead.map(encodeHead) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(changedHead.map(encodeHead), fc.nat(), fc.nat(255))
        .map(([block, at, byte]) => {
          block[at % block.byteLength] = byte;
          return block;
        }),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)) },
  )
  .map((block): MetadataCase => ({ kind: "raw", block }));

// What the metadata may lead to by what it means; RST 11 is what HTTP/2 itself has for too much of it.
const allowed = [
  ...[
    "OK",
    "NOT_FOUND",
    "INVALID_ARGUMENT",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
  ],
  ...["INTERNAL", "CANCELLED", "UNAUTHENTICATED", "ABORTED", "RST 1", "RST 11"],
];

/** Whether the server has told how the call ended, or has cut the connection. */
async function answer(peer: RawConnection): Promise<string> {
  const endMs = performance.now() + 5_000;
  while (performance.now() < endMs) {
    if (peer.ended.has(1)) {
      return "answered";
    }
    if (peer.resets.has(1)) {
      return "reset";
    }
    if (peer.isClosed || peer.goaway !== undefined) {
      return "cut";
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return "silent";
}

export const metadata: Row = fuzzRow<MetadataCase>({
  id: "Z3",
  fault:
    "metadata: any names and values, those that mean something, binary, twice, up to 40 KB; heads of any bytes",
  promise:
    "a status, a reset or a cut connection within 5 s, and no error that the service did not expect",
  cases: fc.oneof(sound, raw),
  prepare(service, harness) {
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    const path = itemPaths.listItems;
    return async (given) => {
      if (given.kind === "sound") {
        const outcome = await caller.call(path, Buffer.alloc(5), given.headers);
        return { name: outcome.name, fault: faultOf(outcome, allowed) };
      }
      const peer = await connectRaw(service.port);
      await peer.send(headers(1, given.block), frame("data", flags.endStream, 1, Buffer.alloc(5)));
      const end = await answer(peer);
      peer.close();
      return {
        name: `raw ${end}`,
        fault: end === "silent" ? "it was not answered within 5 s" : undefined,
      };
    };
  },
});
