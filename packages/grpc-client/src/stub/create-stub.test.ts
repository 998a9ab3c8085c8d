import { credentials, InterceptingCall, type Interceptor, Metadata, status } from "@grpc/grpc-js";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import { callKinds } from "@grpc-kit/testing";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type FixtureStub, outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { type ServedStream, serveStreams } from "../../test/serve-streams.ts";
import type { GrpcChannel } from "../channel/grpc-channel.ts";
import { type ClientFactory, createClientFactory } from "../client-factory.ts";
import type { CallOptions, CallStatus } from "./call-options.ts";

type Kind = (typeof callKinds)[number];

const request = Envelope.create({ text: "hi" });

/** Makes a call of any kind, with one request. */
function make(stub: FixtureStub, kind: Kind, options: CallOptions = {}) {
  return kind === "clientStream" || kind === "bidi"
    ? stub[kind]([request], options)
    : stub[kind](request, options);
}

async function all(stream: AsyncIterable<Envelope>): Promise<Envelope[]> {
  const messages: Envelope[] = [];
  for await (const message of stream) {
    messages.push(message);
  }
  return messages;
}

/** Answers with the first request, or as many of it as it asks for. */
function echo(stream: ServedStream): void {
  stream.http2.on("end", () => {
    const [first = {}] = stream.requests;
    stream.send(first);
    stream.end(0, { "x-trailer": "end" });
  });
}

describe("a stub", () => {
  it("has calls of all kinds", async () => {
    const { target } = await serveStreams(echo);
    const { stub } = openStub(target);
    expect(await stub.unary(request)).toEqual(request);
    expect(await stub.clientStream([request, request])).toEqual(request);
    expect(await all(stub.serverStream(request))).toEqual([request]);
    expect(await all(stub.bidi([request]))).toEqual([request]);
  });

  it("is typed by its definition", () => {
    const stub = {} as FixtureStub;
    expectTypeOf(stub.unary).returns.toEqualTypeOf<Promise<Envelope>>();
    expectTypeOf(stub.clientStream).returns.toEqualTypeOf<Promise<Envelope>>();
    expectTypeOf(stub.serverStream).returns.toEqualTypeOf<AsyncIterableIterator<Envelope>>();
    expectTypeOf(stub.bidi)
      .parameter(0)
      .toEqualTypeOf<Iterable<Envelope> | AsyncIterable<Envelope>>();
    const wrong = (factory: ClientFactory, channel: GrpcChannel) => {
      // @ts-expect-error no text is an envelope
      void stub.unary("text");
      // @ts-expect-error one request is no stream
      void stub.clientStream(request);
      // @ts-expect-error there is no such method
      void stub.binary(request);
      // @ts-expect-error calls with one response end some time
      void stub.unary(request, { timeoutMs: "none" });
      // @ts-expect-error there is no such method
      factory.createStub(FixtureServiceService, channel, { methods: { binary: {} } });
      factory.createStub(FixtureServiceService, channel, {
        // @ts-expect-error an ID is text
        methods: { unary: { requestIdField: "index" } },
      });
      factory.createStub(FixtureServiceService, channel, {
        methods: { unary: { requestIdField: "text" } },
      });
    };
    expect(wrong).toBeTypeOf("function");
  });

  it.each(callKinds)(
    "tells of headers, and once of the status, before a %s call ends",
    async (kind) => {
      const { target } = await serveStreams(echo);
      const { stub } = openStub(target);
      const told: unknown[] = [];
      await outcomeOf(
        make(stub, kind, {
          onHeaders: (headers) => told.push(headers.get("content-type")),
          onStatus: (ended) => told.push(ended),
        }),
      ).finally(() => told.push("settled"));
      const { OK } = status;
      const ended = { code: OK, details: "", attempts: 1, local: false, peer: target };
      expect(told).toMatchObject([["application/grpc"], ended, "settled"]);
      expect((told[1] as CallStatus).metadata.get("x-trailer")).toEqual(["end"]);
    },
  );

  it.each(callKinds)(
    "rejects a %s call with what onHeaders throws, and cancels it",
    async (kind) => {
      const { target, streams } = await serveStreams((stream) => stream.send());
      const { stub, channel, factory } = openStub(target);
      const error = new Error("from onHeaders");
      const call = outcomeOf(
        make(stub, kind, {
          onHeaders() {
            throw error;
          },
        }),
      );
      await expect(call).rejects.toBe(error);
      await expect.poll(() => streams[0]?.rstCode).toBe(8);
      expect(channel.openCalls).toBe(0);
      expect(factory.circuits().every(({ state }) => state === "CLOSED")).toBe(true);
    },
  );

  it.each(callKinds)("rejects a %s call with what onStatus throws", async (kind) => {
    const { target } = await serveStreams(echo);
    const { stub, channel } = openStub(target);
    const error = new Error("from onStatus");
    const onStatus = () => {
      throw error;
    };
    await expect(outcomeOf(make(stub, kind, { onStatus }))).rejects.toBe(error);
    // Also if the call was refused.
    const signal = AbortSignal.abort();
    await expect(outcomeOf(make(stub, kind, { onStatus, signal }))).rejects.toBe(error);
    expect(channel.openCalls).toBe(0);
  });

  it("sends metadata, which it leaves as it is", async () => {
    const { target, streams } = await serveStreams((stream, position) =>
      position === 0 ? stream.end(status.UNAVAILABLE) : echo(stream),
    );
    const adding: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start(metadata, listener, go) {
          metadata.add("x-by", "an interceptor");
          go(metadata, listener);
        },
      });
    const { stub } = openStub(target, { interceptors: [adding] });
    const metadata = new Metadata();
    metadata.set("x-of", "the caller");
    await Promise.all([stub.unary(request, { metadata }), stub.unary(request, { metadata })]);
    expect(metadata.getMap()).toEqual({ "x-of": "the caller" });
    expect(streams).toHaveLength(3);
    for (const { headers } of streams) {
      expect(headers).toMatchObject({ "x-of": "the caller", "x-by": "an interceptor" });
    }
  });

  it("waits for a server if it is told to", async () => {
    const { stub } = openStub("127.0.0.1:1", { retry: false });
    const calls = [
      stub.unary(request, { timeoutMs: 400 }),
      stub.unary(request, { timeoutMs: 400, waitForReady: true }),
    ];
    const ended = await Promise.all(calls.map(outcomeOf));
    expect(ended.map(({ code }) => status[code])).toEqual(["UNAVAILABLE", "DEADLINE_EXCEEDED"]);
  });

  const token = credentials.createFromMetadataGenerator((_options, callback) => {
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer secret");
    callback(null, metadata);
  });

  it("refuses credentials of a call to another machine without TLS", async () => {
    // Nobody has this address: https://www.rfc-editor.org/rfc/rfc5737
    const { stub, channel } = openStub("192.0.2.1:50051", { retry: false });
    const call = stub.unary(request, { credentials: token });
    await expect(call).rejects.toThrow(/^credentials must not be sent without TLS/);
    await expect(call).rejects.toThrow(TypeError);
    expect(channel.openCalls).toBe(0);
    expect(channel.connections).toBe(0);
  });

  it("sends credentials of a call with it to the same machine", async () => {
    const { target, streams } = await serveStreams(echo);
    const { stub } = openStub(target);
    await stub.unary(request, { credentials: token });
    await stub.unary(request);
    const sent = streams.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(["Bearer secret", undefined]);
  });

  it("rejects with errors that say what was called, and how it went", async () => {
    const { target } = await serveStreams((stream) => {
      stream.end(status.NOT_FOUND, { "grpc-message": "no such thing", "x-of": "it" });
    });
    const { stub } = openStub(target);
    const error = await stub.unary(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GrpcCallError);
    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      details: "no such thing",
      path: "/fixtures.FixtureService/Unary",
      attempts: 1,
      local: false,
    });
    expect((error as GrpcCallError).metadata.get("x-of")).toEqual(["it"]);
  });

  it("may have methods that are named like what objects have", async () => {
    const { target } = await serveStreams(echo);
    const factory = createClientFactory();
    const channel = factory.createChannel(target, { credentials: "insecure" });
    const { unary } = FixtureServiceService;
    const names = ["toString", "then", "constructor", "valueOf", "__proto__"];
    const definition = Object.fromEntries(names.map((name) => [name, unary]));
    const stub = factory.createStub(definition, channel);
    expect(Object.keys(stub)).toEqual(names);
    for (const call of Object.values(stub)) {
      expect(await call(request)).toEqual(request);
    }
    await factory.close();
  });
});
