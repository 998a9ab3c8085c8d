import { InterceptingCall, type Interceptor, status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { servedCall } from "../../test/client-served.ts";
import { type DeadlineOptions, deadline } from "./deadline.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];
const none = { deadline: Number.POSITIVE_INFINITY };

// On its way a deadline is a time that is left: it comes later by what the way took.
function expectNear(actual: number | undefined, expected: number): void {
  expect(actual).toBeGreaterThanOrEqual(expected - 10);
  expect(actual).toBeLessThan(expected + 20_000);
}

describe("deadline", () => {
  it.each(["unary", "clientStream"] as const)(
    "gives a call with one answer one: %s",
    async (kind) => {
      const { client, arrivals } = await serveArrivals([deadline({ defaultMs: hourMs })]);
      const now = Date.now();
      await callFixture(client, kind, none).outcome;
      expectNear(arrivals[0]?.deadline, now + hourMs);
    },
  );

  it.each(["serverStream", "bidi"] as const)("gives a stream of answers none: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([deadline()]);
    await callFixture(client, kind, none).outcome;
    expect(arrivals).toMatchObject([{ deadline: Number.POSITIVE_INFINITY }]);
  });

  it.each(callKinds)("takes the limit of the method over both defaults: %s", async (kind) => {
    const methods = { [FixtureServiceService[kind].path]: hourMs };
    const limits = { defaultMs: minuteMs, streamDefaultMs: minuteMs, methods };
    const { client, arrivals } = await serveArrivals([deadline(limits)]);
    const now = Date.now();
    await callFixture(client, kind, none).outcome;
    expectNear(arrivals[0]?.deadline, now + hourMs);
  });

  it.each([
    ["L20 a number of 600 hours", (now: number) => now + 600 * hourMs],
    ["L20 a Date in 25 days", (now: number) => new Date(now + 25 * 24 * hourMs)],
  ])("sends a day at most: %s", async (_name, far) => {
    const { client, arrivals } = await serveArrivals([deadline()]);
    const now = Date.now();
    const { code } = await callFixture(client, "serverStream", { deadline: far(now) }).outcome;
    expect(code).toBe(status.OK);
    expectNear(arrivals[0]?.deadline, now + 24 * hourMs);
  });

  it("takes a deadline that is none for none", async () => {
    const { client, arrivals } = await serveArrivals([deadline({ defaultMs: hourMs })]);
    const now = Date.now();
    const own = new Date("no date");
    await callFixture(client, "unary", { deadline: own }).outcome;
    expectNear(arrivals[0]?.deadline, now + hourMs);
  });

  it.each(callKinds)("sends no call that has no time left: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([deadline({ reserveMs: 5_000 })]);
    const late = servedCall({ deadline: Date.now() + 4_000 });
    const outcomes = [
      await callFixture(client, kind, { deadline: Date.now() }).outcome,
      await runInCall(late, () => callFixture(client, kind).outcome),
    ];
    const expected = { code: status.DEADLINE_EXCEEDED, messages: [] };
    expect(outcomes).toMatchObject([expected, expected]);
    expect(arrivals).toEqual([]);
  });

  it.each(callKinds)("ends a call whose time is over: %s", async (kind) => {
    const hang = (): void => {};
    const handlers = { unary: hang, serverStream: hang, clientStream: hang, bidi: hang };
    const limits = { defaultMs: 100, streamDefaultMs: 100 };
    const { client } = await serveArrivals([deadline(limits)], { handlers });
    const { code } = await callFixture(client, kind, none).outcome;
    expect(code).toBe(status.DEADLINE_EXCEEDED);
  });

  it.each(callKinds)("tells a late CANCELLED for what it is: %s", async (kind) => {
    // As a proxy does that gives up by its own clock.
    const cancelLater: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall({ ...options, deadline: Number.POSITIVE_INFINITY }), {
        start: (metadata, _listener, next) =>
          next(metadata, {
            onReceiveStatus: (received, proceed) =>
              setTimeout(proceed, 60, { ...received, code: status.CANCELLED }),
          }),
      });
    const limits = { defaultMs: 50, streamDefaultMs: 50 };
    const { client } = await serveArrivals([deadline(limits), cancelLater]);
    expect((await callFixture(client, kind, none).outcome).code).toBe(status.DEADLINE_EXCEEDED);
  });

  it("leaves a CANCELLED that comes in time as it is", async () => {
    const cancelled = { code: status.CANCELLED, details: "by the server" };
    const { client } = await serveArrivals([deadline()], {
      handlers: { unary: (_call, callback) => callback(cancelled) },
    });
    expect(await callFixture(client, "unary").outcome).toMatchObject(cancelled);
  });

  it.each([
    ["defaultMs must be a positive number, got 0", { defaultMs: 0 }],
    ["streamDefaultMs must be a positive number, got -1", { streamDefaultMs: -1 }],
    ['methods["/a/B"] must be a positive number, got NaN', { methods: { "/a/B": Number.NaN } }],
    ["maxMs must be a positive number, got Infinity", { maxMs: Number.POSITIVE_INFINITY }],
    ["maxMs must be at most 86400000, got 86400001", { maxMs: 86_400_001 }],
    ["reserveMs must be 0 or a positive number, got -1", { reserveMs: -1 }],
  ] satisfies [string, DeadlineOptions][])("says what is wrong: %s", (message, options) => {
    expect(() => deadline(options)).toThrow(new RangeError(message));
  });
});
