import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it, vi } from "vitest";
import { type FixtureHandlers, serveFixture } from "../../test/serve-fixture.ts";
import type { CallHook, CallOutcome, ServerHook } from "./call-hook.ts";
import { errors } from "./errors.ts";
import { logging } from "./logging.ts";
import { observingInterceptor } from "./observing-interceptor.ts";
import { serverInterceptor } from "./server-interceptor.ts";

const fail = (): never => {
  throw new Error("of a hook");
};

const notFound = { code: status.NOT_FOUND, details: "no item" };

// Out of the turn in which grpc-js would catch what is thrown.
const failing: FixtureHandlers = {
  unary: (_call, callback) => setTimeout(() => callback(notFound), 1),
  serverStream: (call) => setTimeout(() => call.emit("error", notFound), 1),
  clientStream: (_call, callback) => setTimeout(() => callback(notFound), 1),
  bidi: (call) => setTimeout(() => call.emit("error", notFound), 1),
};

/** Serves with what is under test inside of a hook that sees how calls end. */
async function serveWatched(inside: ServerInterceptor[], handlers: Partial<FixtureHandlers> = {}) {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const seen: CallOutcome[] = [];
  const watch = serverInterceptor(() => ({ onEnd: (outcome) => seen.push(outcome) }));
  const { client } = await serveFixture({ interceptors: [watch, ...inside], handlers });
  return { client, seen, write };
}

describe.each(callKinds)("what throws in a call of kind %s", (kind) => {
  it.each(["onSendStatus", "onSendMessage", "onEnd"] as const)(
    "in %s keeps no status from its caller, nor from the other hooks",
    async (place) => {
      const broken: CallHook = { [place]: fail };
      const { client, seen, write } = await serveWatched([serverInterceptor(() => broken)]);
      expect((await callFixture(client, kind).outcome).code).toBe(status.OK);
      await expect.poll(() => seen).toMatchObject([{ code: status.OK }]);
      await expect.poll(() => write.mock.calls.length).toBeGreaterThan(0);
      expect(String(write.mock.calls[0]?.[0])).toMatch(/^an interceptor has thrown in a call of /);
    },
  );

  it.each<[string, ServerInterceptor]>([
    ["onSendStatus", serverInterceptor(() => ({ onSendStatus: fail }))],
    ["errorToStatus", errors({ errorToStatus: fail })],
    ["onHidden", errors({ onHidden: fail })],
  ])("in %s does not hide that it failed", async (_place, interceptor) => {
    const { client, seen } = await serveWatched([interceptor], failing);
    const { code, details } = await callFixture(client, kind).outcome;
    expect([code, details]).toEqual([status.NOT_FOUND, "no item"]);
    await expect.poll(() => seen).toMatchObject([{ code }]);
  });

  it("while a refusal is told, after a wait, leaves the refusal", async () => {
    const refuse: ServerHook = async () => {
      throw new NotFoundError("not here");
    };
    const broken: CallHook = { onFailure: fail, onSendStatus: fail };
    const inside = [serverInterceptor(() => broken, refuse)];
    const { client, seen } = await serveWatched(inside);
    const { code, details } = await callFixture(client, kind).outcome;
    expect([code, details]).toEqual([status.NOT_FOUND, "not here"]);
    await expect.poll(() => seen).toMatchObject([{ code }]);
  });

  it("in a logger hides no failure and ends no call", async () => {
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const handlers: FixtureHandlers = {
      unary: (_call, callback) => setTimeout(() => callback(new Error("S3CR3T")), 1),
      serverStream: (call) => setTimeout(() => call.emit("error", new Error("S3CR3T")), 1),
      clientStream: (_call, callback) => setTimeout(() => callback(new Error("S3CR3T")), 1),
      bidi: (call) => setTimeout(() => call.emit("error", new Error("S3CR3T")), 1),
    };
    const { client, seen } = await serveWatched([logging({ logger }), errors()], handlers);
    const { code, details } = await callFixture(client, kind).outcome;
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    await expect.poll(() => seen).toMatchObject([{ code }]);
  });

  it("in what observes leaves the call alone", async () => {
    const observing = observingInterceptor(fail, { onEnd: fail });
    const { client, write } = await serveWatched([observing]);
    expect((await callFixture(client, kind).outcome).code).toBe(status.OK);
    expect(String(write.mock.calls[0]?.[0])).toMatch(/^what observes calls has thrown at /);
  });
});

it("takes a promise of another kind for one", async () => {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: what other libraries have for a promise
    then: (_resolve: unknown, reject: (error: Error) => void) => reject(new NotFoundError("no")),
  } as unknown as Promise<undefined>;
  const { client } = await serveWatched([serverInterceptor(() => thenable)]);
  expect((await callFixture(client, "unary").outcome).code).toBe(status.NOT_FOUND);
});
