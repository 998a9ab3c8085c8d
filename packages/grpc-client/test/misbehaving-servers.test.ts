import { constants, type ServerHttp2Stream } from "node:http2";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import {
  answer,
  type Fault,
  message,
  reply,
  replyAndReset,
  sendGoaway,
} from "@grpc-kit/testing/faulty-server";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { startFaultyServer } from "./faulty-server.ts";
import { type FixtureStub, type Outcome, outcomeOf, startStub } from "./fixture-stub.ts";

interface Expected {
  readonly unary: status;
  readonly serverStream: status;
}

const nothing = Buffer.alloc(0);
const ok = { "grpc-status": "0" };
const { INTERNAL, OK, RESOURCE_EXHAUSTED, UNAVAILABLE, UNIMPLEMENTED, UNKNOWN } = status;
const body = Envelope.encode(Envelope.create({ text: "half of this is sent" })).finish();
const html = Buffer.from("<!doctype html><h1>502 Bad Gateway</h1>");

const both = (code: status): Expected => ({ unary: code, serverStream: code });

const onStream = (run: (stream: ServerHttp2Stream) => void): Fault => ({ onStream: run });

const resets = (bytes: Uint8Array, code: number): Fault =>
  onStream((stream) => replyAndReset(stream, bytes, code));

const replies = (bytes: Uint8Array, trailers?: Readonly<Record<string, string>>): Fault =>
  onStream((stream) => reply(stream, bytes, trailers));

const httpStatus = (code: number, bytes: Uint8Array = nothing): Fault =>
  onStream((stream) =>
    reply(stream, bytes, undefined, { ":status": code, "content-type": "text/html" }),
  );

const encoded = (encoding: string, bytes: Uint8Array): Fault =>
  onStream((stream) =>
    reply(stream, bytes, ok, { "content-type": "application/grpc", "grpc-encoding": encoding }),
  );

const {
  NGHTTP2_CANCEL,
  NGHTTP2_ENHANCE_YOUR_CALM,
  NGHTTP2_INADEQUATE_SECURITY,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;

/**
 * What gRPC makes of them: https://grpc.github.io/grpc/core/md_doc_statuscodes.html,
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md and, for resets,
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors. But for grpc-js the end of a
 * stream without a status is INTERNAL, and a page with HTTP 200 is a message of a gigabyte.
 */
const faults: readonly (readonly [name: string, fault: Fault, expected: Expected])[] = [
  ["reset after the headers", resets(nothing, NGHTTP2_INTERNAL_ERROR), both(INTERNAL)],
  ["reset without error", resets(nothing, NGHTTP2_NO_ERROR), both(INTERNAL)],
  ["reset for a protocol error", resets(nothing, NGHTTP2_PROTOCOL_ERROR), both(INTERNAL)],
  ["reset as cancelled", resets(nothing, NGHTTP2_CANCEL), both(status.CANCELLED)],
  ["reset as refused", resets(nothing, NGHTTP2_REFUSED_STREAM), both(UNAVAILABLE)],
  ["reset to calm down", resets(nothing, NGHTTP2_ENHANCE_YOUR_CALM), both(RESOURCE_EXHAUSTED)],
  [
    "reset as insecure",
    resets(nothing, NGHTTP2_INADEQUATE_SECURITY),
    both(status.PERMISSION_DENIED),
  ],
  [
    "reset in the middle of a message",
    resets(message(body).subarray(0, 12), NGHTTP2_INTERNAL_ERROR),
    both(INTERNAL),
  ],
  ["reset after a message", resets(message(body), NGHTTP2_INTERNAL_ERROR), both(INTERNAL)],
  ["no trailers", replies(message(body)), both(INTERNAL)],
  [
    "trailers of 200 kB",
    replies(message(body), { ...ok, "x-long": "x".repeat(2e5) }),
    both(INTERNAL),
  ],
  ["no status in the trailers", replies(message(body), { "x-other": "1" }), both(UNKNOWN)],
  ["a status that gRPC has not", replies(message(body), { "grpc-status": "99" }), both(UNKNOWN)],
  ["a status that is no number", replies(message(body), { "grpc-status": "abc" }), both(UNKNOWN)],
  [
    "a status text that is not encoded",
    replies(nothing, { "grpc-status": "5", "grpc-message": "100%zz%" }),
    both(status.NOT_FOUND),
  ],
  ["HTTP 400", httpStatus(400), both(INTERNAL)],
  ["HTTP 401", httpStatus(401), both(status.UNAUTHENTICATED)],
  ["HTTP 403", httpStatus(403), both(status.PERMISSION_DENIED)],
  ["HTTP 404", httpStatus(404), both(UNIMPLEMENTED)],
  ["HTTP 431", httpStatus(431), both(UNKNOWN)],
  ["HTTP 500 with a page", httpStatus(500, html), both(UNKNOWN)],
  ["HTTP 502 with a page", httpStatus(502, html), both(UNAVAILABLE)],
  ["HTTP 503", httpStatus(503), both(UNAVAILABLE)],
  ["a page", httpStatus(200, html), both(RESOURCE_EXHAUSTED)],
  [
    "a message of 4 GiB",
    replies(message(body, { length: 2 ** 32 - 1 }), ok),
    both(RESOURCE_EXHAUSTED),
  ],
  ["a message that cannot be parsed", replies(message(Buffer.from([0xff])), ok), both(INTERNAL)],
  [
    "a compressed message without an encoding",
    replies(message(gzipSync(body), { flag: 1 }), ok),
    both(INTERNAL),
  ],
  [
    "a compressed message that is broken",
    encoded("gzip", message(body, { flag: 1 })),
    both(INTERNAL),
  ],
  ["an encoding that nobody asked for", encoded("br", message(body, { flag: 1 })), both(INTERNAL)],
  ["no message", replies(nothing, ok), { unary: UNIMPLEMENTED, serverStream: OK }],
  [
    "two messages",
    replies(Buffer.concat([message(body), message(body)]), ok),
    { unary: UNIMPLEMENTED, serverStream: OK },
  ],
];

// No call of these tests is to end by its deadline but those that say so.
const timeoutMs = 10_000;

type Kind = keyof Expected;

function make(
  stub: FixtureStub,
  kind: Kind,
  options: { readonly timeoutMs?: number; readonly waitForReady?: boolean } = {},
): Promise<Outcome> {
  const request = Envelope.create();
  return outcomeOf(stub[kind](request, { timeoutMs, ...options }));
}

describe.each<Kind>(["unary", "serverStream"])("A23: a %s call", (kind) => {
  it.each(faults)("ends as it must, and the next works: %s", async (_name, fault, expected) => {
    const server = await startFaultyServer(fault);
    const stub = startStub(server.target, { retry: false });
    expect((await make(stub, kind)).code).toBe(expected[kind]);
    expect(server.calls).toBeGreaterThan(0);
    server.behave();
    expect((await make(stub, kind)).code).toBe(OK);
  });

  it.each([
    ["headers and then nothing", (stream: ServerHttp2Stream) => stream.respond()],
    ["nothing", () => {}],
    [
      "half a message",
      (stream: ServerHttp2Stream) => {
        stream.respond();
        stream.write(message(body).subarray(0, 12));
      },
    ],
  ])("ends with its deadline, and the next works: %s", async (_name, run) => {
    const server = await startFaultyServer(onStream(run));
    const stub = startStub(server.target);
    const { code } = await make(stub, kind, { timeoutMs: 300 });
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    server.behave();
    expect((await make(stub, kind)).code).toBe(OK);
  });

  it.each<[string, Fault]>([
    [
      "a preface of another protocol",
      { onSocket: (socket) => socket.end("SSH-2.0-x\r\n".repeat(9)) },
    ],
    ["a connection that is closed at once", { onSocket: (socket) => socket.destroy() }],
    ["a connection on which nothing is said", { onSocket: () => {} }],
  ])("is UNAVAILABLE, and works when the server does: %s", async (_name, fault) => {
    const server = await startFaultyServer(fault);
    const stub = startStub(server.target, { retry: false, channel: { connectTimeoutMs: 500 } });
    expect((await make(stub, kind)).code).toBe(UNAVAILABLE);
    server.behave();
    expect((await make(stub, kind, { waitForReady: true })).code).toBe(OK);
  });

  it.each([
    [
      "GOAWAY with each answer",
      (stream: ServerHttp2Stream) => {
        answer(stream);
        sendGoaway(stream);
      },
    ],
    [
      "GOAWAY before each answer",
      (stream: ServerHttp2Stream) => {
        sendGoaway(stream);
        setTimeout(() => answer(stream), 5);
      },
    ],
    [
      "PING around each answer",
      (stream: ServerHttp2Stream) => {
        stream.session?.ping(() => {});
        answer(stream);
        stream.session?.ping(() => {});
      },
    ],
    [
      "informational headers before the answer",
      (stream: ServerHttp2Stream) => {
        stream.additionalHeaders({ ":status": 103 });
        answer(stream);
      },
    ],
  ])("does not fail: %s", async (_name, run) => {
    const server = await startFaultyServer(onStream(run));
    const stub = startStub(server.target, {});
    for (let call = 0; call < 20; call += 1) {
      expect((await make(stub, kind)).code).toBe(OK);
    }
    const together = await Promise.all(Array.from({ length: 5 }, () => make(stub, kind)));
    expect(together.map(({ code }) => code)).toEqual(Array(5).fill(OK));
  });

  it("waits its turn where a connection may carry one call alone", async () => {
    const server = await startFaultyServer(
      onStream((stream) => setTimeout(() => answer(stream), 5)),
      { maxConcurrentStreams: 1 },
    );
    const stub = startStub(server.target, { retry: false });
    const calls = Array.from({ length: 50 }, () => make(stub, kind));
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(Array(50).fill(OK));
  });

  it("has what was whole of an answer that is longer than it says", async () => {
    const longer = Buffer.concat([message(body), Buffer.from([0, 0, 0, 0, 9, 1])]);
    const server = await startFaultyServer(replies(longer, ok));
    const stub = startStub(server.target);
    // Nothing above grpc-js sees what it drops.
    expect(await make(stub, kind)).toMatchObject({ messages: [{ text: "half of this is sent" }] });
  });
});
