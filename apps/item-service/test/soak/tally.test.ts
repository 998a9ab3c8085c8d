import { Metadata, status } from "@grpc/grpc-js";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import { expect, it } from "vitest";
import { createTally } from "../../soak/tally.ts";

function failure(code: status): Promise<never> {
  return Promise.reject(new GrpcCallError({ code, details: "as asked", metadata: new Metadata() }));
}

it("tells apart what fails as it is to, and what does not", async () => {
  const tally = createTally();
  expect(await tally.call("GetItem", async () => 7)).toBe(7);
  await tally.call("GetItem", () => failure(status.NOT_FOUND), { expected: ["NOT_FOUND"] });
  await tally.call("GetItem", () => failure(status.UNAVAILABLE), { expected: ["NOT_FOUND"] });
  await tally.call("GetItem", async () => 7, { expected: ["NOT_FOUND"] });
  await tally.call("GetItem", () => Promise.reject(new TypeError("no number")));
  tally.check(true, "it is as it should be");
  tally.check(undefined, "an answer is missing");
  const { calls, unexpected, hung } = tally.totals();
  expect({ calls, hung }).toEqual({ calls: 5, hung: 0 });
  expect(Object.fromEntries(unexpected)).toEqual({
    "GetItem UNAVAILABLE": 1,
    "GetItem OK": 1,
    "GetItem THROWS": 1,
    "an answer is missing": 1,
  });
  expect(Object.fromEntries(tally.expectedFailures())).toEqual({ NOT_FOUND: 1 });
  expect(tally.examples().get("GetItem THROWS")).toBe("TypeError: no number");
});

it("counts a call that does not end, and goes on", async () => {
  const tally = createTally();
  const never = new Promise<number>(() => {});
  expect(await tally.call("Watch", () => never, { hangsAfterMs: 20 })).toBeUndefined();
  expect(tally.totals().hung).toBe(1);
  expect(tally.totals().unexpected.get("Watch HANGS")).toBe(1);
});

it("has the latencies of a row once", async () => {
  const tally = createTally();
  for (let each = 0; each < 10; each += 1) {
    await tally.call("GetItem", async () => {});
  }
  const { calls, p50Ms, p99Ms } = tally.takeRow();
  expect(calls).toBe(10);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms ?? Number.POSITIVE_INFINITY);
  expect(tally.takeRow()).toEqual({ calls: 0, p50Ms: undefined, p99Ms: undefined });
});
