import { Metadata, status } from "@grpc/grpc-js";
import { currentCall, runInCall } from "@grpc-kit/grpc-context";
import { StatusError } from "@grpc-kit/grpc-status";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { envelope } from "../../test/parity-call.ts";
import { isCircuitOpen } from "../breaker/circuit-open.ts";
import type { Stub } from "../stub/stub.ts";
import { createFakeStub } from "./fake-stub.ts";
import type { CallContext } from "./handlers.ts";

const { unary, serverStream } = FixtureServiceService;

afterEach(() => {
  vi.useRealTimers();
});

describe("createFakeStub", () => {
  it("is typed by the service, handlers included", () => {
    const { stub } = createFakeStub(FixtureServiceService, {
      unary: async (request, context) => {
        expectTypeOf(request).toEqualTypeOf<Envelope>();
        expectTypeOf(context).toEqualTypeOf<CallContext>();
        return request;
      },
      async *bidi(requests) {
        expectTypeOf(requests).toEqualTypeOf<AsyncIterable<Envelope>>();
        yield* requests;
      },
    });
    expectTypeOf(stub).toEqualTypeOf<Stub<FixtureServiceService>>();
  });

  it("gives the handler no object of the caller's, nor the other way round", async () => {
    let received: Envelope | undefined;
    const kept = envelope("kept");
    const { stub } = createFakeStub(FixtureServiceService, {
      unary: (request) => {
        received = request;
        return kept;
      },
    });
    const sent = envelope("sent");
    const answer = await stub.unary(sent);
    expect(received).toEqual(sent);
    expect(received).not.toBe(sent);
    expect(answer).toEqual(kept);
    expect(answer).not.toBe(kept);
  });

  it("gives the handler its own metadata, and the caller its own trailers", async () => {
    const metadata = new Metadata();
    metadata.set("x-bytes-bin", Buffer.from([0, 255]));
    let trailers: Metadata | undefined;
    const { stub, calls } = createFakeStub(FixtureServiceService, {
      unary: (request, context) => {
        context.setTrailer("x-bytes-bin", new Uint8Array([1]));
        return request;
      },
    });
    const onStatus = (ended: { readonly metadata: Metadata }): void => {
      trailers = ended.metadata;
    };
    await stub.unary(envelope(""), { metadata, onStatus });
    expect(calls[0]?.metadata.getMap()).toEqual(metadata.getMap());
    expect(calls[0]?.metadata.constructor).toBe(Metadata);
    expect(trailers?.get("x-bytes-bin")).toEqual([Buffer.from([1])]);
  });

  it("fails with a response that is none, and says why in its record", async () => {
    const { stub, calls } = createFakeStub(FixtureServiceService, {
      unary: () => ({ ...envelope(""), index: "first" as unknown as bigint }),
    });
    await expect(stub.unary(envelope(""))).rejects.toMatchObject({ code: status.INTERNAL });
    expect(calls).toMatchObject([{ code: status.INTERNAL, error: expect.any(Error) }]);
  });

  it("records the calls of all methods in their order", async () => {
    const { stub, calls } = createFakeStub(FixtureServiceService, {
      unary: (request) => request,
      clientStream: async (requests) => {
        const texts: string[] = [];
        for await (const { text } of requests) {
          texts.push(text);
        }
        return envelope(texts.join());
      },
    });
    await stub.unary(envelope("a"));
    const answer = await stub.clientStream([envelope("b"), envelope("c")]);
    expect(answer.text).toBe("b,c");
    expect(calls).toMatchObject([
      { method: "unary", path: unary.path, requests: [{ text: "a" }] },
      { method: "clientStream", requests: [{ text: "b" }, { text: "c" }], code: status.OK },
    ]);
  });

  it("asks for the timeout of a stream, unless there is one for all", async () => {
    const handlers = { serverStream: () => [envelope("a")] };
    const { stub, calls } = createFakeStub(FixtureServiceService, handlers);
    const stream = stub.serverStream(envelope(""));
    await expect(stream.next()).rejects.toThrow(/timeoutMs must be milliseconds, or "none"/);
    expect(calls).toEqual([]);
    const lasting = createFakeStub(FixtureServiceService, handlers, {
      defaultStreamTimeoutMs: "none",
    });
    const { value } = await lasting.stub.serverStream(envelope("")).next();
    expect(value).toEqual(envelope("a"));
  });

  it("runs a generator no further than its caller reads", async () => {
    let made = 0;
    const { stub } = createFakeStub(FixtureServiceService, {
      *serverStream() {
        for (;;) {
          made += 1;
          yield envelope("tick");
        }
      },
    });
    for await (const _tick of stub.serverStream(envelope(""), { timeoutMs: 10_000 })) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      break;
    }
    // A stub reads some messages ahead.
    expect(made).toBeLessThan(20);
  });

  it("has its deadlines and delays by fake timers", async () => {
    vi.useFakeTimers();
    const { stub, calls, delay } = createFakeStub(FixtureServiceService, {
      unary: (request) => request,
    });
    delay(unary, 30_000);
    const slow = stub.unary(envelope("a"), { timeoutMs: 60_000 });
    const late = stub.unary(envelope("a"), { timeoutMs: 29_000 });
    const rejected = expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await vi.advanceTimersByTimeAsync(30_000);
    await rejected;
    expect(await slow).toEqual(envelope("a"));
    expect(calls.map(({ code }) => code)).toEqual([status.OK, status.DEADLINE_EXCEEDED]);
    delay(unary, 0);
    await stub.unary(envelope("a"));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("records how a call ended, whatever its handler does afterwards", async () => {
    const controller = new AbortController();
    const { promise, reject } = Promise.withResolvers<Envelope>();
    const late = new Error("late");
    const { stub, calls } = createFakeStub(FixtureServiceService, {
      unary: () => {
        controller.abort();
        return promise;
      },
    });
    const call = stub.unary(envelope("a"), { signal: controller.signal });
    await expect(call).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(() => calls[0]?.code).toBe(status.CANCELLED);
    reject(late);
    await expect.poll(() => calls[0]?.error).toBe(late);
    expect(calls[0]?.code).toBe(status.CANCELLED);
  });

  it("forgives a handler that asks for a request and does not wait for it", async () => {
    const { stub } = createFakeStub(FixtureServiceService, {
      clientStream: (requests) => {
        void requests[Symbol.asyncIterator]().next();
        return envelope("early");
      },
    });
    async function* never() {
      yield await new Promise<Envelope>(() => {});
    }
    expect((await stub.clientStream(never())).text).toBe("early");
    // Vitest fails for a rejection that nobody handles.
    await new Promise((next) => setImmediate(next));
  });

  it("ends a stream whose time is over while nobody reads it", async () => {
    vi.useFakeTimers();
    const { stub, calls } = createFakeStub(FixtureServiceService, {
      *serverStream() {
        for (;;) {
          yield envelope("tick");
        }
      },
    });
    const onStatus = vi.fn();
    const ticks = stub.serverStream(envelope(""), { timeoutMs: 1_000, onStatus });
    await ticks.next();
    await vi.advanceTimersByTimeAsync(999);
    expect(onStatus).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onStatus).toHaveBeenCalledWith(
      expect.objectContaining({ code: status.DEADLINE_EXCEEDED }),
    );
    expect(calls[0]?.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it("fails as many calls of a method as it is told to, before the handler", async () => {
    const handler = vi.fn((request: Envelope) => request);
    const fake = createFakeStub(FixtureServiceService, { unary: handler });
    fake.failNext(unary, status.UNAVAILABLE, 2);
    fake.failNext(unary, new StatusError(status.ABORTED, "lost a race"));
    fake.failNext(serverStream, status.INTERNAL);
    const codes: unknown[] = [];
    for (let call = 0; call < 4; call += 1) {
      codes.push(await fake.stub.unary(envelope("")).catch((error) => error.code));
    }
    const { ABORTED, UNAVAILABLE } = status;
    expect(codes).toEqual([UNAVAILABLE, UNAVAILABLE, ABORTED, envelope("")]);
    expect(handler).toHaveBeenCalledTimes(1);
    expect(fake.calls).toHaveLength(4);
  });

  it("runs handlers outside of the caller's own call, within one that has its deadline", async () => {
    let seen: ReturnType<typeof currentCall>;
    const { stub } = createFakeStub(FixtureServiceService, {
      unary: async (request) => {
        await Promise.resolve();
        seen = currentCall();
        return request;
      },
    });
    const { signal } = new AbortController();
    const deadline = Date.now() + 5_000;
    const served = {
      path: "/own/Call",
      metadata: new Metadata(),
      deadline,
      signal,
      get: () => undefined,
      set() {},
    };
    await runInCall(served, () => stub.unary(envelope(""), { timeoutMs: 60_000 }));
    expect(seen?.path).toBe(unary.path);
    expect(seen?.deadline).toBeLessThan(deadline);
    expect(seen?.signal.aborted).toBe(false);
  });

  it("takes the options of a client and of its methods", async () => {
    const { stub } = createFakeStub(
      FixtureServiceService,
      { unary: () => new Promise(() => {}) },
      { circuitBreaker: { threshold: 1 }, methods: { unary: { timeoutMs: 20 } } },
    );
    const error = await stub.unary(envelope("")).catch((reason) => reason);
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    const refused = await stub.unary(envelope("")).catch((reason) => reason);
    expect(isCircuitOpen(refused)).toBe(true);
  });

  it("has no circuit breaker, unless it is told to", async () => {
    const { stub, failNext } = createFakeStub(FixtureServiceService);
    failNext(unary, status.UNAVAILABLE, 10);
    for (let call = 0; call < 10; call += 1) {
      const error = await stub.unary(envelope("")).catch((reason) => reason);
      expect(isCircuitOpen(error)).toBe(false);
    }
  });

  it("lets a test exchange a handler", async () => {
    const handlers = { unary: () => envelope("first") };
    const { stub } = createFakeStub(FixtureServiceService, handlers);
    handlers.unary = () => envelope("second");
    expect((await stub.unary(envelope(""))).text).toBe("second");
  });

  it("refuses what can only be a mistake", () => {
    const misspelt = { unray: (request: Envelope) => request } as object;
    expect(() => createFakeStub(FixtureServiceService, misspelt)).toThrow(
      new TypeError(
        "handlers must be of the methods unary, serverStream, clientStream, bidi, got unray",
      ),
    );
    const { failNext, delay } = createFakeStub(FixtureServiceService);
    expect(() => failNext(unary, status.UNAVAILABLE, 0.5)).toThrow(RangeError);
    expect(() => failNext(unary, status.OK)).toThrow(RangeError);
    expect(() => delay(unary, -1)).toThrow(RangeError);
  });
});
