import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { servedCall } from "../../test/served-call.ts";
import { callDeadline } from "./call-deadline.ts";

const now = 1_800_000_000_000;
const day = 86_400_000;
const none = { reserveMs: 0, reserveRatio: 0, propagateCancellation: true };

describe("callDeadline", () => {
  it.each<[string, number | "none", number | undefined, object, number]>([
    ["its own time", 500, undefined, {}, 500],
    ["its own time where that of the other is longer", 500, 600, {}, 500],
    ["what the other has left", 500, 400, {}, 400],
    ["never", "none", undefined, {}, Number.POSITIVE_INFINITY],
    [
      "never, if the other never ends",
      "none",
      Number.POSITIVE_INFINITY,
      {},
      Number.POSITIVE_INFINITY,
    ],
    ["with the other, if it has no time of its own", "none", 400, {}, 400],
    ["sooner by what is kept", 500, 400, { reserveMs: 10 }, 390],
    ["sooner by its share", 500, 400, { reserveMs: 10, reserveRatio: 0.05 }, 380],
    ["before it began", 500, 5, { reserveMs: 10 }, -5],
    ["before it began, if the other is over", 500, -50, { reserveRatio: 0.5 }, -50],
    ["after no more than 24 days", Number.MAX_SAFE_INTEGER, undefined, {}, 24 * day],
    [
      "after no more than 24 days, if there is no limit",
      Number.POSITIVE_INFINITY,
      undefined,
      {},
      24 * day,
    ],
    ["after 24 days, if the other has longer", "none", 365 * day, {}, 24 * day],
    ["its own time, whatever the share of years", 500, 600 * day, { reserveRatio: 0.05 }, 500],
  ])("is %s", (_name, timeoutMs, leftMs, budget, expectedMs) => {
    const served = leftMs === undefined ? undefined : servedCall({ deadline: now + leftMs });
    const deadline = callDeadline(now, timeoutMs, served, { ...none, ...budget });
    expect(deadline - now).toBe(expectedMs);
  });

  it("is never later than any of its limits, and what timers can wait for", () => {
    const ms = fc.integer({ min: -1_000, max: 1e12 });
    const budgets = fc.record({
      reserveMs: fc.nat(1_000),
      reserveRatio: fc.double({ min: 0, max: 1, noNaN: true }),
      propagateCancellation: fc.boolean(),
    });
    fc.assert(
      fc.property(ms, ms, budgets, (timeoutMs, leftMs, budget) => {
        const served = servedCall({ deadline: now + leftMs });
        const deadline = callDeadline(now, timeoutMs, served, budget);
        expect(deadline).toBeLessThanOrEqual(now + timeoutMs);
        expect(deadline).toBeLessThanOrEqual(now + leftMs - budget.reserveMs);
        expect(deadline - now).toBeLessThan(2 ** 31);
      }),
    );
  });
});
