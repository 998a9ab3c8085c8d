import { constants, type ServerHttp2Stream } from "node:http2";
import { status } from "@grpc/grpc-js";
import { Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory, type Stub } from "@grpc-kit/grpc-client";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import {
  answer,
  message,
  reply,
  replyAndReset,
  sendGoaway,
  startFaultyServer,
} from "@grpc-kit/testing/faulty-server";
import type { Harness } from "../../harness/harness.ts";
import type { Row } from "../../row.ts";

interface Misbehaviour {
  run(stream: ServerHttp2Stream): void;
  /** What the call must end with. */
  readonly code: status;
  readonly timeoutMs?: number;
  /** How many calls are made. Default: 1. */
  readonly calls?: number;
  /** Whether they are made at once, or one after another. Default: false. */
  readonly isAtOnce?: boolean;
  readonly maxConcurrentStreams?: number;
}

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;
const nothing = Buffer.alloc(0);
const item = Item.encode(Item.create({ name: "half of this is sent" })).finish();
const html = Buffer.from("<!doctype html><h1>502 Bad Gateway</h1>");

const resets =
  (bytes: Uint8Array, code: number) =>
  (stream: ServerHttp2Stream): void =>
    replyAndReset(stream, bytes, code);
const httpStatus =
  (code: number, bytes: Uint8Array = nothing) =>
  (stream: ServerHttp2Stream): void =>
    reply(stream, bytes, undefined, { ":status": code, "content-type": "text/html" });

/**
 * The codes are those of https://grpc.github.io/grpc/core/md_doc_statuscodes.html and
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
const misbehaviours: Readonly<Record<string, Misbehaviour>> = {
  "reset after headers": { run: resets(nothing, NGHTTP2_INTERNAL_ERROR), code: status.INTERNAL },
  "reset during data": {
    run: resets(message(item).subarray(0, 12), NGHTTP2_INTERNAL_ERROR),
    code: status.INTERNAL,
  },
  "reset after data": { run: resets(message(item), NGHTTP2_INTERNAL_ERROR), code: status.INTERNAL },
  "reset as cancelled": { run: resets(nothing, NGHTTP2_CANCEL), code: status.CANCELLED },
  "reset as refused": { run: resets(nothing, NGHTTP2_REFUSED_STREAM), code: status.UNAVAILABLE },
  "no trailers": {
    run: (stream) => reply(stream, message(item), undefined),
    code: status.INTERNAL,
  },
  "no status": {
    run: (stream) => reply(stream, message(item), { "x-other": "1" }),
    code: status.UNKNOWN,
  },
  "a page with 502": { run: httpStatus(502, html), code: status.UNAVAILABLE },
  "HTTP 431": { run: httpStatus(431), code: status.UNKNOWN },
  "HTTP 401": { run: httpStatus(401), code: status.UNAUTHENTICATED },
  "a message of 4 GiB": {
    run: (stream) => reply(stream, message(item, { length: 2 ** 32 - 1 }), { "grpc-status": "0" }),
    code: status.RESOURCE_EXHAUSTED,
  },
  "headers and then nothing": {
    run: (stream) => stream.respond(),
    code: status.DEADLINE_EXCEEDED,
    timeoutMs: 200,
  },
  "GOAWAY with each answer": {
    run(stream) {
      answer(stream);
      sendGoaway(stream);
    },
    code: status.OK,
    calls: 20,
  },
  "GOAWAY before each answer": {
    run(stream) {
      sendGoaway(stream);
      setTimeout(() => answer(stream), 5);
    },
    code: status.OK,
    calls: 20,
  },
  "PING around each answer": {
    run(stream) {
      stream.session?.ping(() => {});
      answer(stream);
      stream.session?.ping(() => {});
    },
    code: status.OK,
    calls: 20,
  },
  "one stream at once": {
    run: (stream) => void setTimeout(() => answer(stream), 5),
    code: status.OK,
    calls: 50,
    isAtOnce: true,
    maxConcurrentStreams: 1,
  },
};

export const misbehavingServer: Row = {
  id: "A23",
  fault:
    "misbehaving servers: resets, GOAWAY, one stream at once, pages of HTML, no trailers, silence",
  promise:
    "grpc-client gives the status that gRPC says, never hangs, loses no call by GOAWAY, and its next call works",
  isQuick: true,
  async run(harness) {
    const misses: string[] = [];
    let calls = 0;
    for (const [name, misbehaviour] of Object.entries(misbehaviours)) {
      const { code, calls: count = 1 } = misbehaviour;
      const outcomes = await callBadly(harness, misbehaviour, count);
      calls += outcomes.length;
      misses.push(
        ...outcomes
          .slice(0, count)
          .filter((got) => got !== code)
          .map((got) => `${name}: a call ended with ${status[got]}, and not ${status[code]}`),
        ...outcomes
          .slice(count)
          .filter((got) => got !== status.OK)
          .map((got) => `${name}: the next call ended with ${status[got]}`),
      );
    }
    return {
      measured: `${calls} calls to ${Object.keys(misbehaviours).length} kinds of server`,
      misses,
    };
  },
};

/** How the calls ended, and one more after the server has become well. */
async function callBadly(
  harness: Harness,
  { run, timeoutMs = 10_000, isAtOnce = false, maxConcurrentStreams }: Misbehaviour,
  count: number,
): Promise<readonly status[]> {
  const settings = maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams };
  const server = await startFaultyServer({ onStream: run }, settings);
  // It knows of no method that it may be sent again: only what no server has seen is.
  const clients = createClientFactory();
  harness.onEnd(async () => {
    await clients.close({ graceMs: 0 });
    server.close();
  });
  const channel = clients.createChannel(server.target, { credentials: "insecure" });
  const items = clients.createStub(ItemServiceService, channel);
  const bad: status[] = [];
  const call = async (): Promise<void> => void bad.push(await codeOf(items, timeoutMs));
  if (isAtOnce) {
    await Promise.all(Array.from({ length: count }, call));
  } else {
    for (let n = 0; n < count; n += 1) {
      await call();
    }
  }
  server.behave();
  return [...bad, await codeOf(items, 10_000)];
}

async function codeOf(items: Stub<ItemServiceService>, timeoutMs: number): Promise<status> {
  try {
    await items.getItem({ id: "1" }, { timeoutMs });
    return status.OK;
  } catch (error) {
    if (!isGrpcCallError(error)) {
      throw error;
    }
    return error.code;
  }
}
