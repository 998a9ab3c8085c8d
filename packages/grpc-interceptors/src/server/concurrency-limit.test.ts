import { setTimeout as delay } from "node:timers/promises";
import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { findDetail, NotFoundError, retryPushbackMs } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds, type Outcome } from "@grpc-kit/testing";
import { array, assert, asyncProperty, constantFrom, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { type FixtureHandlers, serveFixture } from "../../test/serve-fixture.ts";
import { type ConcurrencyLimitOptions, concurrencyLimit } from "./concurrency-limit.ts";
import { serverInterceptor } from "./server-interceptor.ts";

const never = Number.POSITIVE_INFINITY;

/** Handlers that wait until `open` is called, and then answer. */
function gated() {
  const gate = Promise.withResolvers<void>();
  const wait = () => gate.promise;
  const handlers: FixtureHandlers = {
    unary: (call, callback) => void wait().then(() => callback(null, call.request)),
    serverStream: (call) => void wait().then(() => call.end()),
    clientStream: (call, callback) => {
      call.on("data", () => {});
      call.on("error", () => {});
      void wait().then(() =>
        callback(null, { index: 0n, count: 0n, payload: Buffer.of(), text: "" }),
      );
    },
    bidi: (call) => {
      call.on("data", () => {});
      call.on("error", () => {});
      void wait().then(() => call.end());
    },
  };
  return { handlers, open: () => gate.resolve() };
}

async function serve(
  options: ConcurrencyLimitOptions,
  handlers: Partial<FixtureHandlers> = {},
  inside: ServerInterceptor[] = [],
) {
  const limit = concurrencyLimit({ maxEventLoopDelayMs: never, ...options });
  const { client } = await serveFixture({ interceptors: [limit, ...inside], handlers });
  return { client, limit };
}

const codesOf = async (calls: readonly Promise<Outcome>[]) =>
  (await Promise.all(calls)).map(({ code }) => code);

describe("concurrencyLimit", () => {
  it.each(callKinds)("F1 runs so many, and refuses the others at once: %s", async (kind) => {
    const { handlers, open } = gated();
    const { client, limit } = await serve({ max: 5 }, handlers);
    const running = Array.from({ length: 5 }, () => callFixture(client, kind).outcome);
    const inFlight = () => limit.stats().inFlight + limit.stats().streamsInFlight;
    await expect.poll(inFlight).toBe(5);
    // The gate is shut: they would not end if they ran or waited.
    const refused = Array.from({ length: 200 }, () => callFixture(client, kind).outcome);
    for (const { code, headers, trailers } of await Promise.all(refused)) {
      expect([code, headers]).toEqual([status.UNAVAILABLE, undefined]);
      expect(retryPushbackMs(trailers)).toBeGreaterThanOrEqual(200);
      expect(retryPushbackMs(trailers)).toBeLessThanOrEqual(900);
    }
    expect(limit.stats().refused).toEqual({ limit: 200, event_loop: 0, deadline: 0 });
    open();
    expect(await codesOf(running)).toEqual(Array(5).fill(status.OK));
    await expect.poll(inFlight).toBe(0);
    expect((await callFixture(client, kind).outcome).code).toBe(status.OK);
  });

  it("tells programs what is the matter, with the code that it is told to use", async () => {
    const { handlers } = gated();
    const refusals: string[] = [];
    const { client, limit } = await serve(
      {
        max: 1,
        code: status.RESOURCE_EXHAUSTED,
        onRefused: ({ method }, reason) => refusals.push(`${method.name} ${reason}`),
      },
      handlers,
    );
    callFixture(client, "unary");
    await expect.poll(() => limit.stats().inFlight).toBe(1);
    const outcome = await callFixture(client, "unary").outcome;
    expect(outcome.code).toBe(status.RESOURCE_EXHAUSTED);
    const error = Object.assign(new Error(), outcome, { metadata: outcome.trailers });
    expect(findDetail(error, "errorInfo")?.reason).toBe("TOO_MANY_CALLS");
    expect(Number(findDetail(error, "retryInfo")?.retryDelay?.nanos) / 1e6).toBe(
      retryPushbackMs(outcome.trailers),
    );
    expect(refusals).toEqual(["Unary limit"]);
  });

  it("counts streams apart from unary calls", async () => {
    const { handlers } = gated();
    const { client, limit } = await serve({ max: 1, maxStreams: 2 }, handlers);
    for (const kind of ["bidi", "serverStream", "unary"] as const) {
      callFixture(client, kind);
    }
    await expect.poll(() => limit.stats()).toMatchObject({ inFlight: 1, streamsInFlight: 2 });
    for (const kind of callKinds) {
      expect((await callFixture(client, kind).outcome).code).toBe(status.UNAVAILABLE);
    }
  });

  it.each(callKinds)(
    "gives back the place of a call that is refused further inside: %s",
    async (kind) => {
      const inside = serverInterceptor(() => {
        throw new NotFoundError("no");
      });
      const { client, limit } = await serve({ max: 1 }, {}, [inside]);
      for (let call = 0; call < 3; call += 1) {
        await expect.poll(() => limit.stats()).toMatchObject({ inFlight: 0, streamsInFlight: 0 });
        expect((await callFixture(client, kind).outcome).code).toBe(status.NOT_FOUND);
      }
    },
  );

  it("gives back every place, however calls end", async () => {
    const handlers: Partial<FixtureHandlers> = {
      unary(call, callback) {
        const answers: Record<string, () => void> = {
          fail: () => callback({ code: status.NOT_FOUND, details: "no" }),
          hang: () => {},
        };
        const answer = answers[call.request.text] ?? (() => callback(null, call.request));
        setTimeout(answer, Number(call.request.count));
      },
    };
    const { client, limit } = await serve({ max: 4, maxStreams: 3 }, handlers);
    let most = { unary: 0, streams: 0 };
    const watch = setInterval(() => {
      const { inFlight, streamsInFlight } = limit.stats();
      most = {
        unary: Math.max(most.unary, inFlight),
        streams: Math.max(most.streams, streamsInFlight),
      };
    }, 1);
    const plan = record({
      kind: constantFrom<CallKind>(...callKinds),
      text: constantFrom("answer", "fail", "hang"),
      end: constantFrom("wait", "cancel", "deadline"),
      ms: constantFrom(0, 1, 3, 8),
    });
    await assert(
      asyncProperty(array(plan, { minLength: 1, maxLength: 12 }), async (plans) => {
        const calls = plans.map(async ({ kind, text, end, ms }) => {
          const isEndless = text === "hang" && end === "wait";
          const call = callFixture(client, kind, {
            requests: [{ text: isEndless ? "answer" : text, count: BigInt(ms) }],
            keepOpen: text === "hang" && !isEndless,
            ...(end === "deadline" && { deadline: Date.now() + 5 + ms }),
          });
          if (end === "cancel") {
            setTimeout(() => call.cancel(), ms);
          }
          return await call.outcome;
        });
        await Promise.all(calls);
        await expect
          .poll(() => limit.stats(), { interval: 2 })
          .toMatchObject({ inFlight: 0, streamsInFlight: 0 });
      }),
      { numRuns: 100 },
    );
    clearInterval(watch);
    expect(most.unary).toBeLessThanOrEqual(4);
    expect(most.streams).toBeLessThanOrEqual(3);
    expect(limit.stats().refused.limit).toBeGreaterThan(0);
  });

  it("F2 runs fewer calls while the event loop is late", async () => {
    const stall = () => {
      const until = performance.now() + 150;
      while (performance.now() < until) {}
    };
    const handlers: Partial<FixtureHandlers> = {
      unary(call, callback) {
        stall();
        setTimeout(() => callback(null, call.request), 5);
      },
    };
    const { client, limit } = await serve({ max: 8, maxEventLoopDelayMs: 20 }, handlers);
    await expect
      .poll(
        async () => {
          await Promise.all(Array.from({ length: 8 }, () => callFixture(client, "unary").outcome));
          return limit.stats().refused.event_loop;
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(0);
    expect(limit.stats().eventLoopDelayMs).toBeGreaterThan(20);
    limit.close();
    await expect.poll(() => limit.stats().inFlight).toBe(0);
    const codes = await codesOf(
      Array.from({ length: 8 }, () => callFixture(client, "unary").outcome),
    );
    expect(codes).toEqual(Array(8).fill(status.OK));
    expect(limit.stats().eventLoopDelayMs).toBe(0);
  });

  it("F2 adapts to how fast unary calls are", { timeout: 40_000 }, async () => {
    let latencyMs = 20;
    const { client, limit } = await serve(
      { adaptive: { minLimit: 2, initialLimit: 8, maxLimit: 64, windowMs: 20 } },
      { unary: (call, callback) => void delay(latencyMs).then(() => callback(null, call.request)) },
    );
    const load = async () => {
      const calls = Array.from({ length: limit.stats().limit }, () => callFixture(client, "unary"));
      await Promise.all(calls.map(({ outcome }) => outcome));
      return limit.stats().limit;
    };
    await expect.poll(load, { interval: 0, timeout: 18_000 }).toBeGreaterThan(20);
    latencyMs = 400;
    await expect.poll(load, { interval: 0, timeout: 18_000 }).toBeLessThan(15);
  });

  it.each<[ConcurrencyLimitOptions, string]>([
    [{}, "either max or adaptive must be given, got undefined and undefined"],
    [{ max: 0 }, "max must be a positive integer, got 0"],
    [{ max: never }, "max must be a positive integer, got Infinity"],
    [{ max: 1, maxStreams: -1 }, "maxStreams must be a positive integer or Infinity, got -1"],
    [{ max: 1, code: status.OK }, "code must be UNAVAILABLE or RESOURCE_EXHAUSTED, got 0"],
    [{ max: 1, maxEventLoopDelayMs: 0 }, "maxEventLoopDelayMs must be above 0, got 0"],
    [{ adaptive: { minLimit: 0 } }, "adaptive.minLimit must be an integer from 1, got 0"],
  ])("refuses %o", (options, message) => {
    expect(() => concurrencyLimit(options)).toThrow(message);
  });
});
