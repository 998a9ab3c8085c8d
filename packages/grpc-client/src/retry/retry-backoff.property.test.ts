import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { assert, asyncProperty, constantFrom, double, integer } from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { endNearTimers, runOnClock, useFakeClock } from "../../test/fake-clock.ts";
import {
  type Attempt,
  connectClient,
  ok,
  serveAttempts,
  unavailable,
} from "../../test/serve-attempts.ts";

const deadline = Number.POSITIVE_INFINITY;
const header = "grpc-previous-rpc-attempts";

function delaysBetween(attempts: readonly Attempt[]): readonly number[] {
  return attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? Number.NaN));
}

afterEach(() => {
  vi.useRealTimers();
});

describe("retries", () => {
  it("Property 7: Retry with exponential backoff (5.2): delays grow from the base up to the maximum", async () => {
    // How many attempts are still to fail.
    let failures = 0;
    const { port, attempts } = await serveAttempts(() => {
      failures -= 1;
      return failures >= 0 ? unavailable : ok;
    });
    // How much longer or shorter delays were than they are without jitter.
    const ratios: number[] = [];
    useFakeClock();
    await assert(
      asyncProperty(
        constantFrom(...callKinds),
        integer({ min: 1, max: 2_000 }),
        double({ min: 1, max: 20, noNaN: true }),
        double({ min: 1, max: 5, noNaN: true }),
        integer({ min: 1, max: 4 }),
        integer({ min: 0, max: 6 }),
        async (kind, backoffBaseMs, maxRatio, backoffMultiplier, maxRetries, failing) => {
          const maxBackoffMs = backoffBaseMs * maxRatio;
          const client = connectClient(port, {
            retry: {
              maxRetries,
              backoffBaseMs,
              maxBackoffMs,
              backoffMultiplier,
              throttling: false,
            },
          });
          failures = 0;
          await callFixture(client, kind, { deadline }).outcome;
          endNearTimers();
          failures = failing;
          const from = attempts.length;
          const { code } = await runOnClock(() => callFixture(client, kind, { deadline }).outcome);
          client.close();

          const own = attempts.slice(from);
          expect(code).toBe(failing > maxRetries ? status.UNAVAILABLE : status.OK);
          expect(own.map(({ headers }) => headers[header])).toEqual(
            [undefined, "1", "2", "3", "4"].slice(0, Math.min(failing, maxRetries) + 1),
          );
          for (const [index, delayMs] of delaysBetween(own).entries()) {
            const plainMs = Math.min(backoffBaseMs * backoffMultiplier ** index, maxBackoffMs);
            // Timers leave out parts of a millisecond.
            expect(delayMs).toBeGreaterThan(plainMs * 0.8 - 1);
            expect(delayMs).toBeLessThanOrEqual(plainMs * 1.2);
            if (plainMs > 100) {
              ratios.push(delayMs / plainMs);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
    // With no jitter, clients that failed together would come back together.
    expect(Math.min(...ratios)).toBeLessThan(0.9);
    expect(Math.max(...ratios)).toBeGreaterThan(1.1);
  });

  it("come no sooner by a real clock", async () => {
    const { port, attempts } = await serveAttempts(() => unavailable);
    const client = connectClient(port, { retry: { backoffBaseMs: 40, maxBackoffMs: 70 } });
    const { code } = await callFixture(client, "unary").outcome;
    expect(code).toBe(status.UNAVAILABLE);
    const delays = delaysBetween(attempts);
    expect(delays).toHaveLength(3);
    for (const [index, plainMs] of [40, 70, 70].entries()) {
      // `Date` may lag behind timers by a millisecond at either end.
      expect(delays[index]).toBeGreaterThanOrEqual(plainMs * 0.8 - 2);
      expect(delays[index]).toBeLessThan(plainMs * 1.2 + 3_000);
    }
  });
});
