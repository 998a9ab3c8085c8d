import { setTimeout as delay } from "node:timers/promises";
import { ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/code-of.ts";
import { emptyMessages, openRawCall } from "../test/raw-call.ts";
import { envelope, type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import type { CallContext } from "./call-context.ts";

/** Handlers that wait for their signal; `onStart` is told of each one's context. */
function waiting(onStart: (context: CallContext) => void): FixtureHandlers {
  const aborted = async (context: CallContext): Promise<never> => {
    onStart(context);
    const { signal } = context;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw signal.reason;
  };
  return {
    unary: (_request, context) => aborted(context),
    clientStream: (_requests, context) => aborted(context),
    async *serverStream(_request, context) {
      yield aborted(context);
    },
    async *bidi(_requests, context) {
      yield aborted(context);
    },
  };
}

describe("a call that is cancelled", () => {
  it.each(callKinds)("G18: aborts the handler's signal: %s", async (kind) => {
    const started = Promise.withResolvers<CallContext>();
    const { client, errors } = await serveFixture(waiting(started.resolve));
    const { cancel, outcome } = callFixture(client, kind, { keepOpen: true });
    const { signal } = await started.promise;
    expect(signal.aborted).toBe(false);
    cancel();
    expect((await outcome).code).toBe(status.CANCELLED);
    await expect.poll(() => signal.aborted).toBe(true);
    expect(codeOf(signal.reason)).toBe(status.CANCELLED);
    expect(errors).toEqual([]);
  });

  it("aborts a signal that is asked for afterwards, too", async () => {
    const started = Promise.withResolvers<CallContext>();
    const goOn = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<AbortSignal>();
    const watchCancel: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => next({ onCancel: () => goOn.resolve() }),
      });
    const { client } = await serveFixture(
      {
        async unary(request, context) {
          started.resolve(context);
          await goOn.promise;
          seen.resolve(context.signal);
          return request;
        },
      },
      { interceptors: [watchCancel] },
    );
    const { cancel, outcome } = callFixture(client, "unary");
    await started.promise;
    cancel();
    await outcome;
    expect(codeOf((await seen.promise).reason)).toBe(status.CANCELLED);
  });

  it.each<CallKind>(["serverStream", "bidi"])(
    "F11: runs the finally of a generator that waits for room: %s",
    async (kind) => {
      let finished = 0;
      async function* endless() {
        try {
          for (;;) {
            yield envelope({ payload: Buffer.alloc(64 * 1024) });
          }
        } finally {
          finished += 1;
        }
      }
      const { client } = await serveFixture({ serverStream: endless, bidi: endless });
      const calls = 50;
      for (let call = 0; call < calls; call += 1) {
        const stream = kind === "bidi" ? client.bidi() : client.serverStream(envelope({}));
        const ended = new Promise((resolve) => stream.on("error", resolve));
        await new Promise((resolve) => stream.once("readable", resolve));
        stream.cancel();
        await ended;
      }
      await expect.poll(() => finished).toBe(calls);
    },
  );

  it("stops a generator within a message of it", async () => {
    let produced = 0;
    let producedAtEnd = -1;
    const { client } = await serveFixture({
      async *serverStream() {
        try {
          for (;;) {
            await delay(1);
            produced += 1;
            yield envelope({});
          }
        } finally {
          producedAtEnd = produced;
        }
      },
    });
    const { cancel, outcome } = callFixture(client, "serverStream");
    await expect.poll(() => produced).toBeGreaterThan(3);
    cancel();
    await outcome;
    await expect.poll(() => producedAtEnd).toBeGreaterThan(0);
    await delay(20);
    expect(produced).toBe(producedAtEnd);
  });

  it.each([
    ["that it has", (iterable: AsyncIterable<Envelope>) => iterable],
    ["that it gets only then", (iterable: AsyncIterable<Envelope>) => delay(30, iterable)],
  ])("closes an iterator %s, once", async (_, give) => {
    let returns = 0;
    const started = Promise.withResolvers<void>();
    const { client } = await serveFixture({
      serverStream: ((_request: unknown, { signal }: CallContext) => {
        started.resolve();
        return give({
          [Symbol.asyncIterator]: () => ({
            async next() {
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
              return { done: false, value: envelope({}) };
            },
            async return() {
              returns += 1;
              return { done: true, value: undefined };
            },
          }),
        });
      }) as FixtureHandlers["serverStream"],
    });
    const { cancel, outcome } = callFixture(client, "serverStream");
    await started.promise;
    cancel();
    await outcome;
    await expect.poll(() => returns).toBe(1);
    await delay(30);
    expect(returns).toBe(1);
  });

  it("tells onError of what a handler throws because of something else", async () => {
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { client, errors } = await serveFixture({
      async unary() {
        started.resolve();
        await goOn.promise;
        throw new Error("disk full");
      },
    });
    const { cancel, outcome } = callFixture(client, "unary");
    await started.promise;
    cancel();
    await outcome;
    await delay(20);
    goOn.resolve();
    await expect.poll(() => errors.map(String)).toEqual(["Error: disk full"]);
  });
});

describe("a call that succeeds", () => {
  it.each(callKinds)("does not abort its signal, though grpc-js says so: %s", async (kind) => {
    const contexts: CallContext[] = [];
    const signals: AbortSignal[] = [];
    const note = (context: CallContext) => {
      contexts.push(context);
      signals.push(context.signal);
      return envelope({});
    };
    const { client } = await serveFixture({
      unary: (_request, context) => note(context),
      clientStream: (_requests, context) => note(context),
      *serverStream(_request, context) {
        yield note(context);
      },
      *bidi(_requests, context) {
        yield note(context);
      },
    });
    const { code } = await callFixture(client, kind).outcome;
    expect(code).toBe(status.OK);
    await delay(20);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(contexts[0]?.signal.aborted).toBe(false);
  });
});

describe("a call past its deadline", () => {
  it.each(callKinds)("aborts the handler's signal and ends DEADLINE_EXCEEDED: %s", async (kind) => {
    const started = Promise.withResolvers<CallContext>();
    const { client, errors } = await serveFixture(waiting(started.resolve));
    const deadline = Date.now() + 60;
    const { code } = await callFixture(client, kind, { deadline, keepOpen: true }).outcome;
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    const { signal } = await started.promise;
    await expect.poll(() => signal.aborted).toBe(true);
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain(codeOf(signal.reason));
    expect(errors).toEqual([]);
  });

  it("aborts a stream whose caller does not read, though grpc-js waits for it", async () => {
    let finished = false;
    let reason: unknown;
    const { port } = await serveFixture({
      async *serverStream(_request, { signal }) {
        try {
          for (;;) {
            yield envelope({ payload: Buffer.alloc(64 * 1024) });
          }
        } finally {
          finished = true;
          reason = signal.reason;
        }
      },
    });
    // Past grpc-js's client, which reads ahead and has a deadline of its own.
    const path = "/fixtures.FixtureService/ServerStream";
    openRawCall(port, path, { "grpc-timeout": "100m" }).end(emptyMessages(1));
    await expect.poll(() => finished).toBe(true);
    expect(codeOf(reason)).toBe(status.DEADLINE_EXCEEDED);
  });
});
