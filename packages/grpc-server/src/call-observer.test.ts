import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { Metadata, status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it, vi } from "vitest";
import { openRawCall, statusOf } from "../test/raw-call.ts";
import { type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import type { CallObserver, CallOutcome, ObservedCall } from "./call-observer.ts";
import type { GrpcServerOptions } from "./server-options.ts";

interface Seen {
  readonly started: ObservedCall[];
  readonly ended: (CallOutcome & { readonly call: ObservedCall })[];
}

async function serveObserved(
  handlers: Partial<FixtureHandlers> = {},
  options: Partial<GrpcServerOptions> = {},
) {
  const seen: Seen = { started: [], ended: [] };
  const observer: CallObserver = {
    onStart: (call) => seen.started.push(call),
    onEnd: (call, outcome) => seen.ended.push({ call, ...outcome }),
  };
  const served = await serveFixture(handlers, { observers: [observer], ...options });
  return { ...served, seen };
}

describe("observers", () => {
  it.each([
    ["unary", "unary", 1, 1],
    ["serverStream", "server_stream", 1, 1],
    ["clientStream", "client_stream", 3, 1],
    ["bidi", "bidi_stream", 3, 3],
  ] as const)(
    "see a call of kind %s once, with what was sent",
    async (kind, name, received, sent) => {
      const { client, seen } = await serveObserved();
      const metadata = new Metadata();
      metadata.set("x-tenant", "acme");
      const requests = Array.from({ length: 3 }, () => ({ text: "abc" }));
      await callFixture(client, kind, { requests, metadata }).outcome;
      await expect.poll(() => seen.ended.length).toBe(1);
      const [end] = seen.ended;
      expect(seen.started).toEqual([end?.call]);
      expect(end?.call).toMatchObject({ kind: name, headers: { "x-tenant": "acme" } });
      expect(end?.call.method).toMatch(/^\/fixtures\.FixtureService\/[A-Z]/);
      expect(end?.call.peer).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(end).toMatchObject({
        code: status.OK,
        isIntercepted: true,
        messagesReceived: received,
        messagesSent: sent,
        bytesReceived: received * 5,
        bytesSent: sent * 5,
      });
      expect(end?.durationMs).toBeGreaterThan(0);
    },
  );

  it.each(callKinds)("see how a call ends: %s", async (kind) => {
    const { client, seen } = await serveObserved({
      unary: (_request, { signal }) => once(signal, "abort") as never,
      async *serverStream(request, { signal }) {
        yield request;
        await once(signal, "abort");
      },
      clientStream: (_requests, { signal }) => once(signal, "abort") as never,
      async *bidi(requests, { signal }) {
        yield* requests;
        await once(signal, "abort");
      },
    });
    const cancelled = callFixture(client, kind, { keepOpen: true });
    await expect.poll(() => seen.started.length).toBe(1);
    cancelled.cancel();
    await expect.poll(() => seen.ended.map(({ code }) => code)).toEqual([status.CANCELLED]);
    const deadline = Date.now() + 30;
    await callFixture(client, kind, { keepOpen: true, deadline }).outcome;
    await expect.poll(() => seen.ended.length).toBe(2);
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain(seen.ended[1]?.code);
  });

  it("E2: see unknown methods and wrong content types, which no interceptor sees", async () => {
    const asked = vi.fn((_method, call) => call);
    const { port, seen } = await serveObserved({}, { interceptors: [asked] });
    for (let call = 0; call < 20; call += 1) {
      const stream = openRawCall(port, `/no.Such/Method${call}`);
      expect(await statusOf(stream)).toBe(status.UNIMPLEMENTED);
    }
    const wrong = { "content-type": "text/html" };
    await once(openRawCall(port, "/fixtures.FixtureService/Unary", wrong), "response");
    await expect.poll(() => seen.ended.length).toBe(21);
    expect(asked).not.toHaveBeenCalled();
    const unknown = seen.ended.slice(0, 20);
    expect(new Set(unknown.map(({ call }) => call.method))).toEqual(new Set(["_OTHER"]));
    expect(new Set(unknown.map(({ code }) => code))).toEqual(new Set([status.UNIMPLEMENTED]));
    expect(unknown[0]?.call.kind).toBeUndefined();
    expect(seen.ended[20]?.code).toBe(status.UNKNOWN);
  });

  it("see calls that are refused, and those that grpc-js ends by itself", async () => {
    const { client, port, seen } = await serveObserved({}, { maxMetadataBytes: 600 });
    const metadata = new Metadata();
    metadata.set("x-large", "x".repeat(600));
    await callFixture(client, "unary", { metadata }).outcome;
    const timeout = openRawCall(port, "/fixtures.FixtureService/Unary", { "grpc-timeout": "abc" });
    timeout.end(Buffer.alloc(5));
    await statusOf(timeout);
    const huge = openRawCall(port, "/fixtures.FixtureService/Bidi");
    huge.write(Buffer.alloc(5));
    await once(huge.resume(), "response");
    huge.write(Buffer.from([0, 255, 255, 255, 255]));
    await once(huge, "trailers");
    huge.end();
    await expect
      .poll(() => seen.ended.map(({ code }) => code))
      .toEqual([status.RESOURCE_EXHAUSTED, status.INTERNAL, status.RESOURCE_EXHAUSTED]);
  });

  it("E3: see each call end once, though the connection breaks", async () => {
    const { port, seen, client } = await serveObserved({
      async *bidi(requests) {
        yield* requests;
      },
    });
    const stream = openRawCall(port, "/fixtures.FixtureService/Bidi");
    const session = stream.session as ClientHttp2Session;
    for (let calls = 1; calls < 10; calls += 1) {
      session
        .request({
          ":method": "POST",
          ":path": "/fixtures.FixtureService/Bidi",
          "content-type": "application/grpc",
        })
        .on("error", () => {});
    }
    await expect.poll(() => seen.started.length).toBe(10);
    session.destroy();
    await expect.poll(() => seen.ended.length).toBe(10);
    await callFixture(client, "unary").outcome;
    await expect.poll(() => seen.ended.length).toBe(11);
    expect(new Set(seen.ended.map(({ call }) => call)).size).toBe(11);
  });

  it("harm no call by throwing", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const fail = () => {
      throw new Error("of an observer");
    };
    const { client } = await serveFixture({}, { observers: [{ onStart: fail, onEnd: fail }] });
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    await expect.poll(() => write.mock.calls.length).toBe(2);
    expect(write.mock.calls[0]?.[0]).toBe(
      "an observer of calls has thrown: Error: of an observer\n",
    );
  });
});
