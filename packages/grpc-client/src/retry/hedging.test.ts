import { status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { endNearTimers, until, useFakeClock } from "../../test/fake-clock.ts";
import {
  type Answering,
  connectClient,
  ok,
  serveAttempts,
  unavailable,
} from "../../test/serve-attempts.ts";
import type { HedgingOptions } from "../client-options.ts";

const deadline = Number.POSITIVE_INFINITY;

async function serve(answering: Answering, hedging: HedgingOptions) {
  const { port, attempts } = await serveAttempts(answering);
  const client = connectClient(port, {
    methods: { unary: { hedging }, serverStream: { hedging } },
  });
  return { attempts, client };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("hedging", () => {
  it.each(["unary", "serverStream"] as const)(
    "sends a copy of %s calls after the delay, and gives up the slower one",
    async (kind) => {
      useFakeClock();
      const { attempts, client } = await serve((_, index) => (index === 1 ? undefined : ok), {
        delayMs: 300,
      });
      await callFixture(client, kind, { deadline }).outcome;
      endNearTimers();
      const { outcome } = callFixture(client, kind, { deadline });
      await until(() => attempts.length === 2);
      vi.advanceTimersByTime(299);
      await callFixture(client, "bidi", { deadline }).outcome;
      // Had there been a copy, it would have come before the call that was made after it.
      expect(attempts).toHaveLength(3);
      vi.advanceTimersByTime(1);
      const { code, messages } = await outcome;
      expect([code, messages.length, attempts.length]).toEqual([status.OK, 1, 4]);
      const [, first, , second] = attempts;
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(300);
      expect(second?.headers["grpc-previous-rpc-attempts"]).toBe("1");
      await until(() => first?.isCancelled === true);
    },
  );

  it("sends the next copy at once when one has failed, and no more than maxAttempts", async () => {
    const { attempts, client } = await serve(() => unavailable, {
      delayMs: 60_000,
      maxAttempts: 3,
    });
    const { code } = await callFixture(client, "unary").outcome;
    expect([code, attempts.length]).toEqual([status.UNAVAILABLE, 3]);
  });

  it("ends with the first error of another code", async () => {
    const { attempts, client } = await serve(() => ({ code: status.NOT_FOUND }), {
      delayMs: 60_000,
    });
    const { code } = await callFixture(client, "unary").outcome;
    expect([code, attempts.length]).toEqual([status.NOT_FOUND, 1]);
  });
});
