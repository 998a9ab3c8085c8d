import { status } from "@grpc/grpc-js";
import { RateLimitError } from "@grpc-kit/grpc-status";
import { describe, expect, it } from "vitest";
import { serveStandard } from "../interceptors/serve-standard.ts";
import { callErrorOf } from "../serve.ts";
import { callKind, fixtureStub } from "./fixture-stub.ts";

/** A server with room for one call, and that call. */
async function serveFull() {
  const held = Promise.withResolvers<void>();
  const { port, server } = await serveStandard(
    {
      async unary(request) {
        await held.promise;
        return request;
      },
    },
    {},
    { maxConcurrentRpcs: 1, maxQueuedRpcs: 0 },
  );
  const running = callKind(fixtureStub(port), "unary", ["first"]);
  await expect.poll(() => server.stats.inFlight).toBe(1);
  const release = async () => {
    held.resolve();
    await running;
  };
  return { port, refused: () => server.stats.refused.too_many_rpcs ?? 0, release };
}

// Without a word from the server the next attempt would be made at once.
const impatient = { backoffBaseMs: 1, maxBackoffMs: 1 };
const configured = { ...impatient, codes: [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED] };

describe("a server that has as many calls as it can run", () => {
  it("gets a call again after as long as it asks for, where that is configured", async () => {
    const { port, refused, release } = await serveFull();
    const attempts: number[] = [];
    const startMs = performance.now();
    const call = callKind(fixtureStub(port, { retry: configured }), "unary", ["second"], {
      onStatus: (ended) => attempts.push(ended.attempts),
    });
    await expect.poll(refused, { interval: 5 }).toBe(1);
    await release();
    expect(await call).toMatchObject([{ text: "second" }]);
    // It asks for 200 ms at least.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(195);
    expect(attempts).toEqual([refused() + 1]);
  });

  it("gets no call again where that is not configured", async () => {
    const { port, refused, release } = await serveFull();
    const stub = fixtureStub(port, { retry: impatient });
    const error = await callErrorOf(callKind(stub, "unary", ["second"]));
    expect(error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: "TOO_MANY_RPCS",
      retryable: true,
      attempts: 1,
    });
    expect(error.retryDelayMs).toBeGreaterThanOrEqual(200);
    expect(refused()).toBe(1);
    await release();
  });

  it.each([
    ["later than the call may end", 60_000],
    ["never", Number.POSITIVE_INFINITY],
  ])("gets no call again that it asks for %s, and its caller does not wait", async (_when, ms) => {
    let calls = 0;
    const { port } = await serveStandard({
      unary() {
        calls += 1;
        throw new RateLimitError("come back later", { retryAfterMs: ms });
      },
    });
    const stub = fixtureStub(port, { retry: configured });
    expect(await callErrorOf(callKind(stub, "unary", ["hi"], { timeoutMs: 15_000 }))).toMatchObject(
      { code: status.RESOURCE_EXHAUSTED, attempts: 1, local: false },
    );
    expect(calls).toBe(1);
  });
});
