import { constants } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { answer } from "@grpc-kit/testing/faulty-server";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startFaultyServer } from "./faulty-server.ts";
import { serveFixture } from "./fixture-server.ts";
import { outcomeOf, startStub } from "./fixture-stub.ts";

const wait = Envelope.create({ text: "wait" });
const { CANCELLED, DEADLINE_EXCEEDED, OK } = status;

/** Keeps all timers from running. */
function block(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end) {}
}

describe.each(["unary", "serverStream"] as const)("a %s call", (kind) => {
  it("that is cancelled in time is CANCELLED, however late its timer", async () => {
    const server = await serveFixture();
    const stub = startStub(server.target);
    const abort = new AbortController();
    const call = outcomeOf(stub[kind](wait, { timeoutMs: 1_500, signal: abort.signal }));
    await expect.poll(() => server.running).toBe(1);
    abort.abort();
    block(1_600);
    expect((await call).code).toBe(CANCELLED);
  });

  it("whose time is over is DEADLINE_EXCEEDED, though it is cancelled before its timer runs", async () => {
    const server = await serveFixture();
    const stub = startStub(server.target);
    const abort = new AbortController();
    const call = outcomeOf(stub[kind](wait, { timeoutMs: 300, signal: abort.signal }));
    await delay(50);
    block(300);
    abort.abort();
    expect((await call).code).toBe(DEADLINE_EXCEEDED);
  });

  it("that its server gives up when its time is over is DEADLINE_EXCEEDED", async () => {
    const server = await startFaultyServer({
      onStream(stream) {
        setTimeout(() => {
          block(300);
          stream.close(constants.NGHTTP2_CANCEL);
        }, 50);
      },
    });
    const stub = startStub(server.target);
    const { code } = await outcomeOf(stub[kind](wait, { timeoutMs: 300 }));
    expect(code).toBe(DEADLINE_EXCEEDED);
  });
});

describe.each([
  ["forward", 3_600_000],
  ["back", -3_600_000],
])("G21: when the clock is set %s by an hour", (_name, jumpMs) => {
  afterEach(() => vi.restoreAllMocks());

  function jump(): void {
    const now = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => now() + jumpMs);
  }

  it.each(["unary", "serverStream"] as const)(
    "a %s call that is running succeeds",
    async (kind) => {
      const arrived = Promise.withResolvers<void>();
      const server = await startFaultyServer({
        onStream(stream) {
          arrived.resolve();
          setTimeout(() => answer(stream), 100);
        },
      });
      const stub = startStub(server.target);
      const call = outcomeOf(stub[kind](wait, { timeoutMs: 10_000 }));
      await arrived.promise;
      jump();
      expect((await call).code).toBe(OK);
      // And so does the next.
      expect((await outcomeOf(stub[kind](wait, { timeoutMs: 10_000 }))).code).toBe(OK);
    },
  );

  it("a call that is running ends in its time", async () => {
    const server = await serveFixture();
    const stub = startStub(server.target);
    const startedAt = performance.now();
    const call = outcomeOf(stub.unary(wait, { timeoutMs: 300 }));
    await expect.poll(() => server.running).toBe(1);
    jump();
    expect((await call).code).toBe(DEADLINE_EXCEEDED);
    expect(performance.now() - startedAt).toBeGreaterThan(298);
  });

  it("a call that is cancelled is CANCELLED", async () => {
    const server = await serveFixture();
    const stub = startStub(server.target);
    const abort = new AbortController();
    const call = outcomeOf(stub.unary(wait, { timeoutMs: 10_000, signal: abort.signal }));
    await expect.poll(() => server.running).toBe(1);
    jump();
    abort.abort();
    expect((await call).code).toBe(CANCELLED);
  });
});
