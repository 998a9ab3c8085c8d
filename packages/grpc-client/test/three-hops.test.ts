import { setTimeout as delay } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { type FixtureServer, serveFixture } from "./fixture-server.ts";
import { type FixtureStub, type FixtureStubOptions, outcomeOf, startStub } from "./fixture-stub.ts";
import { servedBy } from "./served-call.ts";

interface Hops {
  /** Calls B, which calls C, which never answers. */
  readonly stub: FixtureStub;
  readonly b: FixtureServer;
  readonly c: FixtureServer;
  /** What was left when B called C. */
  readonly leftAtB: number[];
  /** What was left when C was called. */
  readonly leftAtC: number[];
}

async function startHops(options: FixtureStubOptions = {}): Promise<Hops> {
  const leftAtB: number[] = [];
  const leftAtC: number[] = [];
  const c = await serveFixture({
    unary: () => {},
    onCall: (call) => leftAtC.push(Number(call.getDeadline()) - Date.now()),
  });
  const toC = startStub(c.target, options);
  const b = await serveFixture({
    unary: (call, callback) =>
      void runInCall(servedBy(call), async () => {
        leftAtB.push(Number(call.getDeadline()) - Date.now());
        await toC.unary(call.request).then(
          (response) => callback(null, response),
          ({ code, details }: ServiceError) => callback({ code, details }),
        );
      }),
  });
  return { stub: startStub(b.target), b, c, leftAtB, leftAtC };
}

const request = Envelope.create();

describe("G17: the deadline of a call through three hops", () => {
  it("leaves less to each, and ends the work of all when it passes", async () => {
    const { stub, b, c, leftAtB, leftAtC } = await startHops({ budget: { reserveMs: 50 } });
    const { code } = await outcomeOf(stub.unary(request, { timeoutMs: 500 }));
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    expect(leftAtB[0]).toBeLessThanOrEqual(500);
    expect(leftAtC[0]).toBeLessThanOrEqual((leftAtB[0] ?? 0) - 50);
    // C was to end 50 ms before this.
    await expect.poll(() => c.running + b.running, { timeout: 1_000 }).toBe(0);
    expect(c.calls).toBe(1);
  });

  it("is the most that a longer timeout on the way gets", async () => {
    const { stub, leftAtC } = await startHops({ defaultTimeoutMs: 3_600_000 });
    await outcomeOf(stub.unary(request, { timeoutMs: 500 }));
    expect(leftAtC[0]).toBeLessThanOrEqual(490);
  });
});

describe("G18: a cancelled call through three hops", () => {
  it("leaves no work behind at any of them, whenever it is cancelled", async () => {
    const { stub, b, c } = await startHops();
    const codes: status[] = [];
    const callAndCancel = async (afterMs: number): Promise<void> => {
      const abort = new AbortController();
      const call = outcomeOf(stub.unary(request, { timeoutMs: 60_000, signal: abort.signal }));
      await delay(afterMs);
      abort.abort();
      codes.push((await call).code);
    };
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => callAndCancel(index * 2)));
    }
    expect(new Set(codes)).toEqual(new Set([status.CANCELLED]));
    await expect.poll(() => b.running + c.running).toBe(0);
    // Otherwise nothing had got as far.
    expect(c.calls).toBeGreaterThan(0);
  });

  it("goes on at the next hop where that is asked for", async () => {
    const { stub, b, c } = await startHops({ budget: { propagateCancellation: false } });
    const abort = new AbortController();
    const call = outcomeOf(stub.unary(request, { timeoutMs: 60_000, signal: abort.signal }));
    await expect.poll(() => c.running).toBe(1);
    abort.abort();
    expect((await call).code).toBe(status.CANCELLED);
    await expect.poll(() => b.running).toBe(0);
    await delay(100);
    expect(c.running).toBe(1);
  });
});
