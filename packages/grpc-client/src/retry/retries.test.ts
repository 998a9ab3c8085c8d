import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { endNearTimers, runOnClock, useFakeClock } from "../../test/fake-clock.ts";
import {
  type Answer,
  connectClient,
  ok,
  type RetryClientOptions,
  serveAttempts,
  unavailable,
} from "../../test/serve-attempts.ts";

const fast = { backoffBaseMs: 1, maxBackoffMs: 1 };

/** Answers attempts in turn, the later ones as the last. */
async function serve(answers: readonly Answer[], options: RetryClientOptions) {
  const { port, attempts } = await serveAttempts(
    (_attempt, position) => answers[Math.min(position, answers.length - 1)],
  );
  return { attempts, client: connectClient(port, options) };
}

describe("retries", () => {
  it.each(callKinds)("send all requests of %s calls again", async (kind) => {
    const { attempts, client } = await serve([unavailable, unavailable, ok], { retry: fast });
    const requests = [{ index: 1n }, { index: 2n }, { index: 3n }];
    const { code, messages } = await callFixture(client, kind, { requests }).outcome;
    expect([code, messages.length, attempts.length]).toEqual([status.OK, 1, 3]);
    const sent = kind === "unary" || kind === "serverStream" ? [1n] : [1n, 2n, 3n];
    for (const attempt of attempts) {
      expect(attempt.requests.map(({ index }) => index)).toEqual(sent);
    }
  });

  it.each([1, 2, 3, 4])("come after the first attempt, %d at the most", async (maxRetries) => {
    const retry = { ...fast, maxRetries, throttling: false } as const;
    const { attempts, client } = await serve([unavailable], { retry });
    const { code } = await callFixture(client, "unary").outcome;
    expect([code, attempts.length]).toEqual([status.UNAVAILABLE, maxRetries + 1]);
  });

  it.each(callKinds)("never come once headers of %s calls are there", async (kind) => {
    const { attempts, client } = await serve([{ ...unavailable, messages: [] }, ok], {
      retry: fast,
    });
    const { code } = await callFixture(client, kind).outcome;
    expect([code, attempts.length]).toEqual([status.UNAVAILABLE, 1]);
  });

  it("never repeat a message of a stream that breaks off", async () => {
    const { attempts, client } = await serve([{ ...unavailable, messages: [{ index: 1n }] }, ok], {
      retry: fast,
    });
    const { code, messages } = await callFixture(client, "serverStream").outcome;
    expect([code, attempts.length]).toEqual([status.UNAVAILABLE, 1]);
    expect(messages.map(({ index }) => index)).toEqual([1n]);
  });

  it("are not for methods that may not be sent twice, nor for those with retry: false", async () => {
    for (const methods of [
      { unary: { idempotent: false } },
      { unary: { retry: false } },
    ] as const) {
      const { attempts, client } = await serve([unavailable, ok], { retry: fast, methods });
      const { code } = await callFixture(client, "unary").outcome;
      expect([code, attempts.length]).toEqual([status.UNAVAILABLE, 1]);
      expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    }
  });
});

describe("pushback", () => {
  const after = (value: string): Answer => ({
    ...unavailable,
    trailers: { "grpc-retry-pushback-ms": value },
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("F6: is waited for exactly, and backoff begins anew after it", async () => {
    useFakeClock();
    const answers = [ok, unavailable, unavailable, after("1234"), unavailable, ok];
    const { attempts, client } = await serve(answers, {
      retry: { maxRetries: 4, maxBackoffMs: 60_000, backoffMultiplier: 100, throttling: false },
    });
    const call = () => callFixture(client, "unary", { deadline: Number.POSITIVE_INFINITY }).outcome;
    await call();
    endNearTimers();
    const { code } = await runOnClock(call);
    expect([code, attempts.length]).toEqual([status.OK, 6]);
    const [, first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = attempts.map((a) => a.atMs);
    expect((third - second) / 10_000).toBeCloseTo(1, 0);
    expect(fourth - third).toBe(1_234);
    for (const delayMs of [second - first, fifth - fourth]) {
      expect(delayMs).toBeGreaterThanOrEqual(79);
      expect(delayMs).toBeLessThanOrEqual(120);
    }
  });

  it("F6: is waited for by a real clock, for no less than it says", async () => {
    const { attempts, client } = await serve([after("150"), ok], { retry: fast });
    const { code } = await callFixture(client, "unary").outcome;
    const [first, second] = attempts;
    expect([code, attempts.length]).toEqual([status.OK, 2]);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(149);
  });

  it("F6: that is negative ends the call", async () => {
    const { attempts, client } = await serve([after("-1"), ok], { retry: fast });
    const { code } = await callFixture(client, "unary").outcome;
    expect([code, attempts.length]).toEqual([status.UNAVAILABLE, 1]);
  });
});
