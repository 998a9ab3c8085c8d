import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type FixtureHandlers,
  type FixtureOptions,
  serveFixture,
} from "../../test/serve-fixture.ts";
import { toMethod } from "../method.ts";
import type { CallHook, CallOutcome, InterceptedCall } from "./call-hook.ts";
import { type DeadlineOptions, deadline } from "./deadline.ts";
import { hooksOf, serverInterceptor } from "./server-interceptor.ts";

const paths = {
  unary: "/fixtures.FixtureService/Unary",
  serverStream: "/fixtures.FixtureService/ServerStream",
  clientStream: "/fixtures.FixtureService/ClientStream",
  bidi: "/fixtures.FixtureService/Bidi",
};
const days = 24 * 60 * 60_000;

async function serve(options: DeadlineOptions, handlers: FixtureOptions["handlers"] = {}) {
  const seen: { calls: InterceptedCall[]; outcomes: CallOutcome[] } = { calls: [], outcomes: [] };
  const watch = serverInterceptor((call) => {
    seen.calls.push(call);
    return { onEnd: (outcome) => seen.outcomes.push(outcome) };
  });
  const { client } = await serveFixture({
    interceptors: [deadline(options), watch],
    handlers,
  });
  return { client, ...seen };
}

/** Handlers that never answer, and write down how grpc-js ends them. */
function hangers(events: string[]): FixtureHandlers {
  const hang = (call: { on(event: string, listener: () => void): unknown; cancelled: boolean }) => {
    call.on("cancelled", () => events.push(`cancelled ${call.cancelled}`));
    call.on("error", () => {});
  };
  return { unary: hang, serverStream: hang, clientStream: hang, bidi: hang };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("deadline", () => {
  it.each(callKinds)(
    "ends a call that takes too long with DEADLINE_EXCEEDED, and its handler hears of it: %s",
    async (kind) => {
      const events: string[] = [];
      const { client, calls, outcomes } = await serve({ maxMs: 50 }, hangers(events));
      const { code, details } = await callFixture(client, kind).outcome;
      expect([code, details]).toEqual([
        status.DEADLINE_EXCEEDED,
        "the call took longer than 50 ms",
      ]);
      await expect.poll(() => events).toEqual(["cancelled true"]);
      await expect.poll(() => outcomes).toMatchObject([{ code, cancelledBy: "deadline" }]);
      expect(calls[0]?.deadline).toBeLessThan(Date.now() + 50);
    },
  );

  it("gives a unary call without a deadline the default, and a stream any time", async () => {
    const { client, calls } = await serve({ defaultMs: 5_000 });
    for (const kind of callKinds) {
      await callFixture(client, kind, { deadline: Number.POSITIVE_INFINITY }).outcome;
    }
    const left = calls.map((call) => call.deadline - Date.now());
    expect(left[0]).toBeGreaterThan(0);
    expect(left[0]).toBeLessThanOrEqual(5_000);
    expect(left.slice(1)).toEqual(Array(3).fill(Number.POSITIVE_INFINITY));
  });

  it("tells the handler of the nearer deadline", async () => {
    const deadlines: number[] = [];
    const { client } = await serve(
      { maxMs: 5_000 },
      {
        unary: (call, callback) => {
          deadlines.push(Number(call.getDeadline()));
          callback(null, call.request);
        },
      },
    );
    await callFixture(client, "unary").outcome;
    expect(deadlines[0]).toBeGreaterThan(Date.now());
    expect(deadlines[0]).toBeLessThanOrEqual(Date.now() + 5_000);
  });

  it("gives unary calls 30 s if nothing else is said", async () => {
    const { client, calls } = await serve({});
    await callFixture(client, "unary", { deadline: Number.POSITIVE_INFINITY }).outcome;
    expect(calls[0]?.deadline).toBeGreaterThan(Date.now() + 20_000);
    expect(calls[0]?.deadline).toBeLessThanOrEqual(Date.now() + 30_000);
  });

  it("leaves alone a deadline that is nearer than what is allowed", async () => {
    const { client, calls } = await serve({ defaultMs: 10, maxMs: 60_000 });
    const { code } = await callFixture(client, "unary", { deadline: Date.now() + 20_000 }).outcome;
    expect(code).toBe(status.OK);
    expect(calls[0]?.deadline).toBeGreaterThan(Date.now() + 10_000);
    expect(calls[0]?.deadline).toBeLessThanOrEqual(Date.now() + 20_000);
  });

  it("has other values for some methods", async () => {
    const { client, calls } = await serve({
      maxMs: 10_000,
      methods: { [paths.bidi]: { defaultMs: 90_000 }, [paths.unary]: { maxMs: 99_000 } },
    });
    const deadlines = { deadline: Date.now() + 500_000 };
    await callFixture(client, "unary", deadlines).outcome;
    await callFixture(client, "bidi", { deadline: Number.POSITIVE_INFINITY }).outcome;
    await callFixture(client, "serverStream", deadlines).outcome;
    const [unary = 0, ...streams] = calls.map((call) => call.deadline - Date.now());
    expect(unary).toBeGreaterThan(50_000);
    expect(unary).toBeLessThanOrEqual(99_000);
    expect(streams).toHaveLength(2);
    for (const leftMs of streams) {
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(10_000);
    }
  });

  it("ends a stream that goes on and on", async () => {
    const { client } = await serve(
      { methods: { [paths.serverStream]: { defaultMs: 300 } } },
      {
        serverStream: (call) => {
          call.write(call.request);
          const timer = setInterval(() => call.write(call.request), 5);
          call.on("cancelled", () => clearInterval(timer));
        },
      },
    );
    const call = callFixture(client, "serverStream", { deadline: Number.POSITIVE_INFINITY });
    const { code, messages } = await call.outcome;
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    expect(messages.length).toBeGreaterThan(0);
  });

  it.each(callKinds)(
    "L20 never runs a handler whose time is over when it comes: %s",
    async (kind) => {
      const runs: string[] = [];
      const count = () => runs.push(kind);
      // grpc-js takes a deadline of more than 2^31-1 ms for one that has passed.
      const { client } = await serve(
        {},
        { unary: count, serverStream: count, clientStream: count, bidi: count },
      );
      const { code } = await callFixture(client, kind, { deadline: Date.now() + 25 * days })
        .outcome;
      expect([code, runs]).toEqual([status.DEADLINE_EXCEEDED, []]);
    },
  );

  it("counts from when the call came, whatever held it up", async () => {
    const held = serverInterceptor(async () => {
      await delay(60);
      return undefined;
    });
    const { client } = await serveFixture({ interceptors: [held, deadline({ maxMs: 30 })] });
    const { details } = await callFixture(client, "unary").outcome;
    expect(details).toBe("the call took longer than 30 ms");
  });

  describe("with a clock of the test", () => {
    function enter(options: DeadlineOptions) {
      vi.useFakeTimers();
      const [fail, [hook]] = [vi.fn(), hooksOf(deadline(options)) ?? []];
      const method = toMethod(FixtureServiceService.unary);
      const startedAt = performance.now();
      const call = { method, startedAt, deadline: Number.POSITIVE_INFINITY, fail };
      return { fail, entered: hook?.(call as unknown as InterceptedCall) as CallHook };
    }

    it("waits longer than one timer can", () => {
      const { fail } = enter({ defaultMs: 60 * days });
      vi.advanceTimersByTime(60 * days - 1_000);
      expect(fail).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1_000);
      expect(fail).toHaveBeenCalledOnce();
    });

    it("leaves no timer behind", () => {
      const { fail, entered } = enter({});
      expect(vi.getTimerCount()).toBe(1);
      entered.onEnd?.({} as CallOutcome);
      expect(vi.getTimerCount()).toBe(0);
      expect(fail).not.toHaveBeenCalled();
    });
  });

  it.each<[DeadlineOptions, string]>([
    [{ defaultMs: 0 }, "defaultMs must be milliseconds above 0, got 0"],
    [{ maxMs: Number.NaN }, "maxMs must be milliseconds above 0, got NaN"],
    [{ methods: { Unary: {} } }, 'methods must be like "/package.Service/Method", got "Unary"'],
    [
      { methods: { "/a.B/C": { maxMs: -1 } } },
      'methods["/a.B/C"].maxMs must be milliseconds above 0, got -1',
    ],
  ])("refuses %o", (options, message) => {
    expect(() => deadline(options)).toThrow(message);
  });
});
