import { setTimeout as delay } from "node:timers/promises";
import { InterceptingCall, type Interceptor, type status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import { callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { openStub } from "../../test/open-stub.ts";
import { dropConnection, type ServedStream, serveStreams } from "../../test/serve-streams.ts";

const request = Envelope.create({ text: "hi" });
const waits = fc.integer({ min: 0, max: 30 });

/** What a server does with a call, step by step; a call that is not ended stays open. */
const steps = fc.oneof(
  fc.record({ do: fc.constant("wait" as const), ms: waits }),
  fc.record({ do: fc.constant("send" as const), count: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ do: fc.constant("sendWhat" as const), bytes: fc.uint8Array({ maxLength: 9 }) }),
  fc.record({
    do: fc.constant("end" as const),
    code: fc.constantFrom<status[]>(0, 1, 4, 5, 13, 14, 14, 14, 99 as status),
    pushback: fc.constantFrom(undefined, undefined, "0", "5", "-1", "abc", "100000"),
  }),
  fc.record({ do: fc.constant("reset" as const), code: fc.constantFrom(0, 2, 7, 8, 11) }),
  fc.record({ do: fc.constant("drop" as const) }),
);

type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never;

async function act(stream: ServedStream, script: readonly Step[]): Promise<void> {
  const { http2 } = stream;
  for (const step of script) {
    if (http2.destroyed || http2.closed) {
      return;
    }
    switch (step.do) {
      case "wait":
        await delay(step.ms);
        break;
      case "send":
        stream.send(...Array.from({ length: step.count }, () => request));
        break;
      case "sendWhat":
        stream.send();
        http2.write(step.bytes);
        break;
      case "end":
        stream.end(step.code, step.pushback && { "grpc-retry-pushback-ms": step.pushback });
        return;
      case "reset":
        stream.reset(step.code);
        return;
      case "drop":
        dropConnection(http2);
        return;
    }
  }
}

const thrown = new Error("from the caller");
const never: () => Interceptor = () => (options, next) =>
  new InterceptingCall(next(options), { start() {} });

const interceptors: Record<string, Interceptor> = {
  none: (options, next) => new InterceptingCall(next(options)),
  throwing: () => {
    throw thrown;
  },
  late: (options, next) =>
    new InterceptingCall(next(options), {
      start: (metadata, listener, go) => void setTimeout(() => go(metadata, listener), 5),
    }),
  never: never(),
};

const callers = fc.record({
  kind: fc.constantFrom(...callKinds),
  timeoutMs: fc.integer({ min: 0, max: 80 }),
  abortAfterMs: fc.option(waits, { nil: undefined }),
  retry: fc.constantFrom(undefined, undefined, false as const),
  waitForReady: fc.boolean(),
  throwsAt: fc.constantFrom("", "", "", "headers", "status", "requests"),
  requests: fc.integer({ min: 0, max: 40 }),
  pauseMs: fc.constantFrom(undefined, 0, 1),
  leavesAfter: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 3),
  interceptor: fc.constantFrom("none", "none", "none", ...Object.keys(interceptors)),
});

it("calls end, once, and leave nothing behind, whatever servers and callers do", async () => {
  const loose: unknown[] = [];
  const onLoose = (error: unknown): number => loose.push(error);
  process.on("unhandledRejection", onLoose).on("uncaughtException", onLoose);
  onTestFinished(() => {
    process.off("unhandledRejection", onLoose).off("uncaughtException", onLoose);
  });
  let script: readonly Step[] = [];
  let interceptor = "none";
  const server = await serveStreams((stream) => void act(stream, script));
  const { stub, channel, factory } = openStub(server.target, {
    interceptors: [(options, next) => (interceptors[interceptor] ?? never())(options, next)],
    retry: { backoffBaseMs: 1, maxBackoffMs: 5, throttling: false },
    circuitBreaker: { threshold: 2, timeoutMs: 1 },
    methods: { serverStream: { hedging: { delayMs: 5, maxAttempts: 3 } } },
    channel: { reconnectBackoff: { initialMs: 1, maxMs: 5 } },
  });

  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 5 }), callers, async (served, caller) => {
      script = served;
      ({ interceptor } = caller);
      let ends = 0;
      let isPulled = false;
      let isFinalised = false;
      const { kind, timeoutMs, retry, waitForReady, throwsAt } = caller;
      async function* requests(): AsyncGenerator<Envelope> {
        isPulled = true;
        try {
          for (let sent = 0; sent < caller.requests; sent += 1) {
            if (caller.pauseMs !== undefined) {
              await delay(caller.pauseMs);
            }
            yield request;
          }
          if (throwsAt === "requests") {
            throw thrown;
          }
        } finally {
          isFinalised = true;
        }
      }
      const abort = new AbortController();
      if (caller.abortAfterMs !== undefined) {
        setTimeout(() => abort.abort(), caller.abortAfterMs);
      }
      const options = {
        timeoutMs,
        waitForReady,
        signal: abort.signal,
        ...(retry === undefined ? {} : { retry }),
        onHeaders() {
          if (throwsAt === "headers") {
            throw thrown;
          }
        },
        onStatus() {
          ends += 1;
          if (throwsAt === "status") {
            throw thrown;
          }
        },
      };
      const run = async (): Promise<void> => {
        if (kind === "unary") {
          await stub.unary(request, options);
        } else if (kind === "clientStream") {
          await stub.clientStream(requests(), options);
        } else {
          let left = caller.leavesAfter;
          const responses =
            kind === "bidi" ? stub.bidi(requests(), options) : stub.serverStream(request, options);
          for await (const _response of responses) {
            left -= 1;
            if (left <= 0) {
              break;
            }
          }
        }
      };
      await run().catch((error: unknown) => {
        if (error !== thrown && !isGrpcCallError(error)) {
          throw error;
        }
      });
      expect(ends).toBe(1);
      expect(channel.openCalls).toBe(0);
      await expect.poll(() => isFinalised || !isPulled, { interval: 1 }).toBe(true);
    }),
    { numRuns: 400 },
  );

  // Long enough for all that was planned: no attempt comes late, and no circuit stays half-open.
  script = [
    { do: "send", count: 1 },
    { do: "end", code: 0, pushback: undefined },
  ];
  interceptor = "none";
  await delay(200);
  const attempts = server.streams.length;
  await delay(100);
  expect(server.streams).toHaveLength(attempts);
  await stub.unary(request);
  await stub.clientStream([request]);
  for await (const _response of stub.serverStream(request)) {
  }
  for await (const _response of stub.bidi([request])) {
  }
  expect(factory.circuits().map(({ state }) => state)).toEqual(Array(4).fill("CLOSED"));
  expect(loose).toEqual([]);
  expect(server.streams.filter(({ rstCode }) => rstCode === undefined)).toEqual([]);
}, 120_000);
