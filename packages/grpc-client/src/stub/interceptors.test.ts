import {
  InterceptingCall,
  type Interceptor,
  ListenerBuilder,
  Metadata,
  RequesterBuilder,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FixtureStub, outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { ok, serveAttempts, unavailable } from "../../test/serve-attempts.ts";
import { cancelled, type ServedStream, serveStreams } from "../../test/serve-streams.ts";
import type { CallOptions } from "./call-options.ts";

const request = Envelope.create({ text: "hi" });

function make(stub: FixtureStub, kind: (typeof callKinds)[number], options: CallOptions = {}) {
  return kind === "clientStream" || kind === "bidi"
    ? outcomeOf(stub[kind]([request, request], options))
    : outcomeOf(stub[kind](request, options));
}

function echo(stream: ServedStream): void {
  stream.http2.on("end", () => {
    stream.send(...stream.requests.slice(0, 1));
    stream.end();
  });
}

/** Lets the start of calls wait. */
function startingLater(ready: Promise<void>): Interceptor {
  return (options, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, go) {
        void ready.then(() => go(metadata, listener));
      },
    });
}

describe("interceptors", () => {
  it("come in their order, once for a call, however often it is sent", async () => {
    const { port, attempts } = await serveAttempts((_attempt, position) =>
      position < 2 ? unavailable : ok,
    );
    const told: string[] = [];
    const telling =
      (name: string): Interceptor =>
      (options, next) => {
        const requester = new RequesterBuilder()
          .withStart((metadata, _listener, go) => {
            told.push(`${name} starts`);
            const listener = new ListenerBuilder().withOnReceiveStatus((ended, tell) => {
              told.push(`${name} ends with ${status[ended.code]}`);
              tell(ended);
            });
            go(metadata, listener.build());
          })
          .build();
        return new InterceptingCall(next(options), requester);
      };
    const { stub } = openStub(`127.0.0.1:${port}`, {
      interceptors: [telling("outer"), telling("inner")],
      retry: { backoffBaseMs: 1, maxBackoffMs: 1 },
    });
    await stub.unary(request);
    expect(told).toEqual([
      "outer starts",
      "inner starts",
      "inner ends with OK",
      "outer ends with OK",
    ]);
    expect(attempts).toHaveLength(3);
  });

  it("may change the deadline and what is sent", async () => {
    const { target, streams } = await serveStreams(echo);
    const changing: Interceptor = (options, next) =>
      new InterceptingCall(next({ ...options, deadline: Date.now() + 5_000 }), {
        start(metadata, listener, go) {
          metadata.set("x-of", "an interceptor");
          go(metadata, listener);
        },
        sendMessage: (message, go) => go({ ...message, text: "changed" }),
      });
    const { stub } = openStub(target, { interceptors: [changing] });
    expect((await stub.unary(request)).text).toBe("changed");
    expect(streams[0]?.headers["x-of"]).toBe("an interceptor");
    const timeoutMs = Number.parseInt(String(streams[0]?.headers["grpc-timeout"]), 10);
    expect(timeoutMs).toBeLessThanOrEqual(5_000);
  });

  it("may answer themselves", async () => {
    const { target, streams } = await serveStreams();
    const answering: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start(_metadata, listener) {
          listener.onReceiveMetadata(new Metadata());
          listener.onReceiveMessage(request);
          listener.onReceiveStatus({ code: 0, details: "", metadata: new Metadata() });
        },
        sendMessage() {},
        halfClose() {},
      });
    const { stub, channel } = openStub(target, { interceptors: [answering] });
    const ends: unknown[] = [];
    const onStatus = (ended: unknown) => ends.push(ended);
    expect(await stub.unary(request, { onStatus })).toBe(request);
    expect(ends).toMatchObject([{ code: 0, attempts: 0, local: true, peer: "" }]);
    expect(channel.openCalls).toBe(0);
    expect(streams).toHaveLength(0);
  });

  it.each(callKinds)("may take their time to start a %s call", async (kind) => {
    const { target } = await serveStreams(echo);
    const ready = Promise.withResolvers<void>();
    setTimeout(ready.resolve, 20);
    const interceptors = [startingLater(ready.promise), startingLater(ready.promise)];
    const { stub, channel } = openStub(target, { interceptors });
    expect((await make(stub, kind)).messages).toEqual([request]);
    expect(channel.openCalls).toBe(0);
  });

  it.each(callKinds)(
    "send nothing of a %s call that has ended before they start it",
    async (kind) => {
      const { target, streams } = await serveStreams(echo);
      const ready = Promise.withResolvers<void>();
      // It keeps the end of the call to itself, too.
      const deaf: Interceptor = (options, next) =>
        new InterceptingCall(next(options), { cancel() {} });
      const { stub, channel } = openStub(target, {
        interceptors: [deaf, startingLater(ready.promise)],
      });
      const abort = new AbortController();
      const call = make(stub, kind, { signal: abort.signal });
      abort.abort();
      expect((await call).code).toBe(status.CANCELLED);
      ready.resolve();
      await make(stub, kind);
      expect(streams).toHaveLength(1);
      expect(channel.openCalls).toBe(0);
    },
  );

  it.each(callKinds)("that never start a %s call do not hold up its deadline", async (kind) => {
    const { target } = await serveStreams();
    const interceptors = [startingLater(new Promise(() => {}))];
    const { stub, channel } = openStub(target, {
      interceptors,
      defaultTimeoutMs: 50,
      defaultStreamTimeoutMs: 50,
    });
    expect((await make(stub, kind)).code).toBe(status.DEADLINE_EXCEEDED);
    expect(channel.openCalls).toBe(0);
  });

  it("that keep a cancellation to themselves do not keep a call running", async () => {
    const { target, streams } = await serveStreams();
    const deaf: Interceptor = (options, next) =>
      new InterceptingCall(next(options), { cancel() {} });
    const { stub, channel } = openStub(target, { interceptors: [deaf] });
    const abort = new AbortController();
    const call = outcomeOf(stub.unary(request, { signal: abort.signal }));
    await expect.poll(() => streams.length).toBe(1);
    abort.abort();
    expect((await call).code).toBe(status.CANCELLED);
    expect(channel.openCalls).toBe(0);
    await expect.poll(() => streams[0]?.rstCode).toBe(cancelled);
  });

  it("that end a call which still runs do not keep it running", async () => {
    const { target, streams } = await serveStreams((stream) => stream.send({}));
    const hasty: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start(metadata, listener, go) {
          const onReceiveMetadata = () => {
            const metadata = new Metadata();
            listener.onReceiveStatus({ code: status.ABORTED, details: "seen enough", metadata });
          };
          go(metadata, { ...listener, onReceiveMetadata });
        },
      });
    const { stub, channel } = openStub(target, { interceptors: [hasty] });
    expect((await outcomeOf(stub.unary(request))).code).toBe(status.ABORTED);
    expect(channel.openCalls).toBe(0);
    await expect.poll(() => streams[0]?.rstCode).toBe(cancelled);
  });
});

const thrown = new Error("from an interceptor");
function fail(): never {
  throw thrown;
}

const throwing: Record<string, Interceptor> = {
  "when it is called": fail,
  "in start": (options, next) => new InterceptingCall(next(options), { start: fail }),
  "in sendMessage": (options, next) => new InterceptingCall(next(options), { sendMessage: fail }),
  "in halfClose": (options, next) => new InterceptingCall(next(options), { halfClose: fail }),
  "at headers": listening({ onReceiveMetadata: fail }),
  "at a message": listening({ onReceiveMessage: fail }),
  "at the status": listening({ onReceiveStatus: fail }),
};

function listening(own: object): Interceptor {
  return (options, next) =>
    new InterceptingCall(next(options), { start: (metadata, _listener, go) => go(metadata, own) });
}

describe("an interceptor that throws", () => {
  const cases = Object.entries(throwing).flatMap(([when, interceptor]) =>
    callKinds.map((kind) => [when, kind, interceptor] as const),
  );

  it.each(cases)("%s ends a %s call with that, and leaves nothing", async (_when, kind, broken) => {
    const { target, streams } = await serveStreams(echo);
    let isBroken = true;
    const { stub, channel, factory } = openStub(target, {
      interceptors: [(options, next) => (isBroken ? broken(options, next) : asItIs(options, next))],
      circuitBreaker: { threshold: 1 },
    });
    const ends: StatusObject[] = [];
    const call = make(stub, kind, { onStatus: (ended) => ends.push(ended) });
    await expect(call).rejects.toBe(thrown);
    expect(ends).toMatchObject([{ code: status.INTERNAL, local: true }]);
    expect(channel.openCalls).toBe(0);
    await expect.poll(() => streams.every(({ rstCode }) => rstCode !== undefined)).toBe(true);
    isBroken = false;
    expect((await make(stub, kind)).messages).toEqual([request]);
    expect(factory.circuits().every(({ state }) => state === "CLOSED")).toBe(true);
  });

  it("while a call is cancelled does not keep it from being so; a warning tells", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): number => warnings.push(message);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { target, streams } = await serveStreams();
    const { stub, channel } = openStub(target, {
      interceptors: [(options, next) => new InterceptingCall(next(options), { cancel: fail })],
    });
    const abort = new AbortController();
    const call = outcomeOf(stub.unary(request, { signal: abort.signal }));
    await expect.poll(() => streams.length).toBe(1);
    abort.abort();
    expect((await call).code).toBe(status.CANCELLED);
    expect(channel.openCalls).toBe(0);
    await expect.poll(() => streams[0]?.rstCode).toBe(cancelled);
    expect(warnings).toEqual([`an interceptor of grpc clients has thrown: ${thrown}`]);
  });

  it("behind one that forgets whose call it is does not keep it beyond its deadline", async () => {
    const { target } = await serveStreams(echo);
    const forgetful: Interceptor = ({ method_definition, deadline = 0 }, next) =>
      new InterceptingCall(next({ method_definition, deadline }));
    const { stub, channel } = openStub(target, {
      interceptors: [forgetful, listening({ onReceiveMessage: fail })],
    });
    const call = stub.unary(request, { timeoutMs: 100 });
    await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(channel.openCalls).toBe(0);
  });
});

function asItIs(...[options, next]: Parameters<Interceptor>): InterceptingCall {
  return new InterceptingCall(next(options));
}
