import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { openStub } from "../../test/open-stub.ts";
import { type Answering, ok, serveAttempts, unavailable } from "../../test/serve-attempts.ts";
import { serveStreams } from "../../test/serve-streams.ts";
import type { RetryOptions } from "../client-options.ts";

const { UNAVAILABLE } = status;
const request = Envelope.create();
const callCount = 1_200;
const lanes = 40;
// Copies are then sent when an attempt has failed, and at no other time.
const late = { delayMs: 60_000 };

type Throttling = NonNullable<RetryOptions["throttling"]>;

async function start(answering: Answering, throttling?: Throttling) {
  const { port, attempts } = await serveAttempts(answering);
  const { stub } = openStub(`127.0.0.1:${port}`, {
    methods: { unary: { hedging: late } },
    retry: throttling === undefined ? {} : { throttling },
    circuitBreaker: false,
  });
  return { stub, attempts };
}

describe("L24, F4: while a server fails all calls, their copies", () => {
  it.each<[string, Throttling | undefined, [number, number]]>([
    ["are few", undefined, [1.001, 1.1]],
    ["are as many as the calls if nothing throttles them", false, [2, 2]],
  ])("%s", async (_how, throttling, [least, most]) => {
    const { stub, attempts } = await start(() => unavailable, throttling);
    const ends: number[] = [];
    const lane = async (): Promise<void> => {
      for (let count = 0; count < callCount / lanes; count += 1) {
        const call = stub.unary(request, { onStatus: (ended) => ends.push(ended.attempts) });
        await expect(call).rejects.toMatchObject({ code: UNAVAILABLE });
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    const amplification = attempts.length / callCount;
    expect(amplification).toBeGreaterThanOrEqual(least);
    expect(amplification).toBeLessThanOrEqual(most);
    // No copy is sent that its call does not know of.
    expect(ends.reduce((sum, count) => sum + count, 0)).toBe(attempts.length);
  });
});

describe("a throttled call", () => {
  it("fails as its first attempt does, at once, until successes bring the copies back", async () => {
    let answer = unavailable;
    const { stub } = await start(() => answer, { maxTokens: 4, tokenRatio: 1 });
    const fails = (attempts: number) =>
      expect(stub.unary(request)).rejects.toMatchObject({
        code: UNAVAILABLE,
        attempts,
        local: false,
      });
    await fails(2);
    await fails(1);
    answer = ok;
    await Promise.all([stub.unary(request), stub.unary(request), stub.unary(request)]);
    answer = unavailable;
    await fails(2);
    await fails(1);
  });

  it("does not wait for a copy that was held back, though copies are sent again", async () => {
    let fail = (): void => {};
    const server = await serveStreams((stream, position) => {
      if (position === 2) {
        fail = () => stream.end(UNAVAILABLE);
      } else if (position < 2 || position > 5) {
        stream.end(UNAVAILABLE);
      } else {
        stream.send({});
        stream.end();
      }
    });
    const { stub } = openStub(server.target, {
      methods: { unary: { hedging: { delayMs: 20 } } },
      retry: { throttling: { maxTokens: 4, tokenRatio: 1 } },
      circuitBreaker: false,
    });
    await expect(stub.unary(request)).rejects.toMatchObject({ code: UNAVAILABLE, attempts: 2 });
    const call = stub.unary(request, { timeoutMs: 10_000 });
    const failure = expect(call).rejects.toMatchObject({ code: UNAVAILABLE });
    await expect.poll(() => server.streams.length).toBe(3);
    // Its copy is due, and held back.
    await delay(200);
    for (let tokens = 0; tokens < 3; tokens += 1) {
      await stub.unary(request);
    }
    fail();
    await failure;
  });

  it("does not wait for a copy that a server has put off until it was held back", async () => {
    const trailers = { "grpc-retry-pushback-ms": "300" };
    const { stub, attempts } = await start(
      (_attempt, position) => (position === 0 ? { ...unavailable, trailers } : unavailable),
      { maxTokens: 4, tokenRatio: 1 },
    );
    const call = stub.unary(request, { timeoutMs: 10_000 });
    const failure = expect(call).rejects.toMatchObject({ code: UNAVAILABLE });
    await expect.poll(() => attempts.length).toBe(1);
    await expect(stub.unary(request)).rejects.toMatchObject({ code: UNAVAILABLE });
    await failure;
  });
});
