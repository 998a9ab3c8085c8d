import { getEventListeners } from "node:events";
import { status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import type { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, serveArrivals } from "../../test/client-arrivals.ts";
import { servedBy, servedCall } from "../../test/client-served.ts";
import type { FixtureHandlers } from "../../test/serve-fixture.ts";
import { deadline } from "./deadline.ts";

interface Hanging {
  readonly handlers: FixtureHandlers;
  readonly started: Promise<void>;
  readonly cancelled: Promise<number>;
}

/** Handlers that never answer, and when their first call begins and is given up. */
function hanging(): Hanging {
  const [started, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
  const hang = (call: { on(event: "cancelled", listener: () => void): unknown }): void => {
    call.on("cancelled", () => cancelled.resolve(Date.now()));
    started.resolve();
  };
  const handlers = { unary: hang, serverStream: hang, clientStream: hang, bidi: hang };
  return { handlers, started: started.promise, cancelled: cancelled.promise };
}

/** A handler that asks the next server, as part of the call that it serves. */
function passingOn(next: FixtureServiceClient): Pick<FixtureHandlers, "unary"> {
  return {
    unary: (call, callback) => runInCall(servedBy(call), () => next.unary(call.request, callback)),
  };
}

describe("deadline", () => {
  it.each(callKinds)("cancels a call with the call being served: %s", async (kind) => {
    const { handlers, started, cancelled } = hanging();
    const { client } = await serveArrivals([deadline()], { handlers });
    const controller = new AbortController();
    const served = servedCall({ signal: controller.signal });
    const { outcome } = runInCall(served, () => callFixture(client, kind));
    await started;
    controller.abort();
    expect(await outcome).toMatchObject({
      code: status.CANCELLED,
      details: "the call being served has ended",
    });
    await cancelled;
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it.each(callKinds)("leaves no call on a server that was cancelled at once: %s", async (kind) => {
    const { handlers, cancelled } = hanging();
    const { client } = await serveArrivals([deadline()], { handlers });
    await connect(client);
    const controller = new AbortController();
    const served = servedCall({ signal: controller.signal });
    const { outcome } = runInCall(served, () => callFixture(client, kind));
    controller.abort();
    const cancelledAt = Date.now();
    expect((await outcome).code).toBe(status.CANCELLED);
    // And not at its own deadline, in ten seconds.
    expect((await cancelled) - cancelledAt).toBeLessThan(5_000);
  });

  it("tells a call that ends for its served call's deadline so", async () => {
    const { handlers, started } = hanging();
    const { client } = await serveArrivals([deadline({ reserveMs: 0 })], { handlers });
    const controller = new AbortController();
    const served = {
      ...servedCall({ signal: controller.signal }),
      // As a server may move it while it serves.
      deadline: Number.POSITIVE_INFINITY,
    };
    const { outcome } = runInCall(served, () => callFixture(client, "unary"));
    await started;
    served.deadline = Date.now();
    controller.abort();
    expect((await outcome).code).toBe(status.DEADLINE_EXCEEDED);
  });

  it.each(callKinds)("sends no call for a served call that is cancelled: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([deadline()]);
    await connect(client);
    const served = servedCall({ signal: AbortSignal.abort() });
    const { code } = await runInCall(served, () => callFixture(client, kind).outcome);
    expect(code).toBe(status.CANCELLED);
    await callFixture(client, kind).outcome;
    expect(arrivals).toHaveLength(1);
  });

  it("goes on without the served call if it is told to", async () => {
    const { client } = await serveArrivals([deadline({ propagateCancellation: false })]);
    const served = servedCall({ signal: AbortSignal.abort() });
    const { code } = await runInCall(served, () => callFixture(client, "unary").outcome);
    expect(code).toBe(status.OK);
  });

  it("leaves no listener of 10,000 calls on one served call", { timeout: 60_000 }, async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on("warning", warn);
    onTestFinished(() => {
      process.off("warning", warn);
    });
    const failed = { code: status.NOT_FOUND };
    const { client } = await serveArrivals([deadline()], {
      handlers: { clientStream: (_call, callback) => callback(failed) },
    });
    const served = servedCall();
    const codes = new Set<status>();
    for (let batch = 0; batch < 100; batch += 1) {
      const kinds = Array.from({ length: 100 }, (_, index) => callKinds[index % 4] as CallKind);
      const calls = kinds.map((kind) => runInCall(served, () => callFixture(client, kind)));
      calls[batch]?.cancel();
      for (const { code } of await Promise.all(calls.map(({ outcome }) => outcome))) {
        codes.add(code);
      }
    }
    expect([...codes].sort()).toEqual([status.OK, status.CANCELLED, status.NOT_FOUND]);
    expect(getEventListeners(served.signal, "abort")).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("G17 gives each hop less time, and the last one stops when the first gives up", async () => {
    const { handlers, cancelled } = hanging();
    const third = await serveArrivals([deadline()], { handlers });
    const second = await serveArrivals([deadline()], { handlers: passingOn(third.client) });
    const first = await serveArrivals([deadline()], { handlers: passingOn(second.client) });
    await Promise.all([first, second, third].map(({ client }) => connect(client)));
    const end = Date.now() + 500;
    const { code } = await callFixture(first.client, "unary", { deadline: end }).outcome;
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    // Well before its own ten seconds; the machine may be busy.
    expect(await cancelled).toBeLessThan(end + 2_000);
    const left = [first, second, third].map(({ arrivals }) => arrivals[0]?.remainingMs ?? 0);
    expect(left).toHaveLength(3);
    // Each hop keeps ten milliseconds for itself, and rounds up to the next one.
    expect(left[1]).toBeLessThanOrEqual((left[0] ?? 0) - 9);
    expect(left[2]).toBeLessThanOrEqual((left[1] ?? 0) - 9);
  });

  it("G17 stops the last hop when the first cancels", async () => {
    const { handlers, started, cancelled } = hanging();
    const third = await serveArrivals([deadline()], { handlers });
    const second = await serveArrivals([deadline()], { handlers: passingOn(third.client) });
    const first = await serveArrivals([deadline()], { handlers: passingOn(second.client) });
    const call = callFixture(first.client, "unary");
    await started;
    const cancelledAt = Date.now();
    call.cancel();
    expect((await call.outcome).code).toBe(status.CANCELLED);
    expect((await cancelled) - cancelledAt).toBeLessThan(2_000);
  });
});
