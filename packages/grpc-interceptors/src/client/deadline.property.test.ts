import { status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { assert, asyncProperty, boolean, constantFrom, integer, option } from "fast-check";
import { describe, expect, it } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { servedCall } from "../../test/client-served.ts";
import { deadline } from "./deadline.ts";

const [minuteMs, dayMs, never] = [60_000, 86_400_000, Number.POSITIVE_INFINITY];

/** From no time left to two days. */
const minutes = option(integer({ min: -1, max: 2 * 24 * 60 }), { nil: undefined });

describe("deadline", () => {
  it("Property 9: Deadline enforcement (5.4): the nearest deadline goes over the wire", async () => {
    const { client, arrivals } = await serveArrivals([]);
    const kind = constantFrom(...callKinds);
    const limit = integer({ min: 1, max: 2 * 24 * 60 });
    await assert(
      asyncProperty(
        kind,
        minutes,
        boolean(),
        limit,
        minutes,
        async (of, own, asDate, most, left) => {
          arrivals.length = 0;
          const now = Date.now();
          const at = (count: number | undefined): number =>
            count === undefined ? never : now + count * minuteMs;
          const limits = { defaultMs: most * minuteMs, streamDefaultMs: most * minuteMs };
          const interceptors = [deadline({ ...limits, reserveMs: 0 })];
          const own_ = asDate && own !== undefined ? new Date(at(own)) : at(own);
          const { code } = await runInCall(
            servedCall({ deadline: at(left) }),
            () => callFixture(client, of, { deadline: own_, interceptors }).outcome,
          );
          const nearest = Math.min(at(own), at(most), at(left), now + dayMs);
          if (nearest <= now) {
            expect([code, arrivals]).toEqual([status.DEADLINE_EXCEEDED, []]);
            return;
          }
          expect([code, arrivals.length]).toEqual([status.OK, 1]);
          expect(arrivals[0]?.deadline).toBeGreaterThanOrEqual(nearest - 10);
          expect(arrivals[0]?.deadline).toBeLessThan(nearest + minuteMs / 2);
        },
      ),
      { numRuns: 200 },
    );
  });
});
