import { status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { Envelope } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startFaultyServer } from "./faulty-server.ts";
import { type FixtureStub, type FixtureStubOptions, outcomeOf, startStub } from "./fixture-stub.ts";
import { servedCall } from "./served-call.ts";

// Timers may be a millisecond early, and the clock of deadlines has whole milliseconds.
const earlyMs = 2;
// No more than what a busy machine makes of it.
const lateMs = 5_000;

const request = Envelope.create();
const { DEADLINE_EXCEEDED } = status;

/** A server that never answers, and what its callers say that they will wait. */
async function startSilentServer(): Promise<{
  readonly target: string;
  readonly timeouts: number[];
}> {
  const timeouts: number[] = [];
  const { target } = await startFaultyServer({
    onStream: (_stream, headers) => timeouts.push(parseTimeout(headers["grpc-timeout"])),
  });
  return { target, timeouts };
}

/** Makes a call, and cancels it when it has reached the server. */
async function callUntilArrived(
  stub: FixtureStub,
  timeouts: readonly number[],
  options: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const before = timeouts.length;
  const abort = new AbortController();
  const call = outcomeOf(stub.unary(request, { ...options, signal: abort.signal }));
  await expect.poll(() => timeouts.length).toBe(before + 1);
  abort.abort();
  expect((await call).code).toBe(status.CANCELLED);
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
function parseTimeout(header: string | string[] | undefined): number {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(header)) ?? [];
  const unitMs = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }[String(unit)];
  return Number(digits) * Number(unitMs);
}

const timeout = fc.integer({ min: 1, max: 60 });
const limits = fc.record({
  kind: fc.constantFrom("unary" as const, "serverStream" as const),
  byDefault: timeout,
  byMethod: fc.option(timeout, { nil: undefined }),
  byCall: fc.option(timeout, { nil: undefined }),
  budgetMs: fc.option(fc.integer({ min: -20, max: 80 }), { nil: undefined }),
  reserveMs: fc.integer({ min: 0, max: 30 }),
  reserveRatio: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

describe("a call's deadline", () => {
  it("Property 9: is the nearest of its limits, and ends the call with DEADLINE_EXCEEDED (5.4)", async () => {
    const { target, timeouts } = await startSilentServer();
    await fc.assert(
      fc.asyncProperty(limits, async ({ kind, byDefault, byMethod, byCall, ...budget }) => {
        const { budgetMs, reserveMs, reserveRatio } = budget;
        const stub = startStub(target, {
          defaultTimeoutMs: byDefault,
          defaultStreamTimeoutMs: byDefault,
          budget: { reserveMs, reserveRatio },
          circuitBreaker: false,
          methods: byMethod === undefined ? {} : { [kind]: { timeoutMs: byMethod } },
        });
        const options = byCall === undefined ? {} : { timeoutMs: byCall };
        const own = byCall ?? byMethod ?? byDefault;
        const left =
          budgetMs === undefined
            ? Number.POSITIVE_INFINITY
            : budgetMs - Math.max(reserveMs, budgetMs * reserveRatio);
        const expectedMs = Math.min(own, left);
        timeouts.length = 0;
        const deadline = budgetMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + budgetMs;
        const startedAt = performance.now();
        const { code } = await runInCall(servedCall({ deadline }), () =>
          outcomeOf(stub[kind](request, options)),
        );
        const elapsedMs = performance.now() - startedAt;
        expect(code).toBe(DEADLINE_EXCEEDED);
        expect(elapsedMs).toBeGreaterThanOrEqual(expectedMs - earlyMs);
        expect(elapsedMs).toBeLessThan(expectedMs + lateMs);
        // A whole millisecond is the least that is said.
        expect(Math.max(0, ...timeouts)).toBeLessThanOrEqual(Math.max(0, expectedMs) + 1);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it.each([
    ["nothing is left", 0, {}],
    ["less is left than is kept to answer in", 9, {}],
    ["its share is kept to answer in", 1_000, { budget: { reserveRatio: 1 } }],
  ])(
    "fails here, and sends nothing, where %s",
    async (_name, leftMs, options: FixtureStubOptions) => {
      const { target, timeouts } = await startSilentServer();
      const stub = startStub(target, options);
      await callUntilArrived(stub, timeouts);
      const served = servedCall({ deadline: Date.now() + leftMs });
      await expect(runInCall(served, () => stub.unary(request))).rejects.toMatchObject({
        code: DEADLINE_EXCEEDED,
        local: true,
        attempts: 0,
      });
      // A call that is sent after it arrives after it.
      await callUntilArrived(stub, timeouts);
      expect(timeouts).toHaveLength(2);
    },
  );

  it("is not the one of the call being served where that has none", async () => {
    const { target, timeouts } = await startSilentServer();
    const stub = startStub(target, { defaultTimeoutMs: 20_000 });
    await runInCall(servedCall({}), () => callUntilArrived(stub, timeouts));
    expect(timeouts[0]).toBeLessThanOrEqual(20_000);
    expect(timeouts[0]).toBeGreaterThan(10_000);
  });

  // The servers of grpc-js take 2 ** 31 milliseconds and more for none at all.
  it.each([2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER])(
    "L20: is within what servers understand after a timeout of %d ms",
    async (timeoutMs) => {
      const { target, timeouts } = await startSilentServer();
      const stub = startStub(target);
      await callUntilArrived(stub, timeouts, { timeoutMs });
      expect(timeouts[0]).toBeLessThan(2 ** 31);
      expect(timeouts[0]).toBeGreaterThan(20 * 86_400_000);
    },
  );
});
