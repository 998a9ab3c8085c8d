import { type CallKind, callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import fc, { assert, asyncProperty } from "fast-check";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import {
  type CallerTruth,
  type Chaos,
  type Fate,
  type PlannedCall,
  serveChaos,
} from "../../../test/metrics-chaos.ts";
import { type Sample, samplesIn } from "../../../test/metrics-samples.ts";
import { metrics as clientMetrics } from "../../client/metrics/index.ts";
import { toMethod } from "../../method.ts";
import { metrics } from "./index.ts";

const fates: readonly [Fate, number][] = [
  ["ok", 40],
  ["error", 15],
  ["refused", 15],
  ["cancel", 10],
  ["deadline", 10],
  ["reset", 10],
];

const plannedCall: fc.Arbitrary<PlannedCall> = fc.record({
  kind: fc.constantFrom(...callKinds),
  fate: fc.oneof(...fates.map(([fate, weight]) => ({ arbitrary: fc.constant(fate), weight }))),
});

async function serve(): Promise<{ chaos: Chaos; register: Registry }> {
  const register = new Registry();
  const services = [FixtureServiceService];
  const chaos = await serveChaos({
    interceptors: [metrics({ register, services })],
    clientInterceptors: [clientMetrics({ register })],
  });
  return { chaos, register };
}

/** Adds up what is recorded of the calls of one method on one side. */
function reader(samples: readonly Sample[], side: "server" | "client", kind: CallKind) {
  const { name: method } = toMethod(FixtureServiceService[kind]);
  return (name: string, code?: string): number =>
    samples
      .filter((sample) => sample.name === name.replace("*", side))
      .filter(({ labels: { grpc_method, grpc_code } }) =>
        code === undefined ? grpc_method === method : grpc_method === method && grpc_code === code,
      )
      .reduce((sum, { value }) => sum + value, 0);
}

/** All that must hold once every call is over. */
function compare(text: string, plan: readonly PlannedCall[], truth: CallerTruth): void {
  const samples = samplesIn(text);
  for (const kind of callKinds) {
    const ended = (name: string): number => truth.ends.get(`${kind} ${name}`) ?? 0;
    const planned = plan.filter((call) => call.kind === kind);
    const server = reader(samples, "server", kind);
    const client = reader(samples, "client", kind);
    const handled = (code: string): number => server("grpc_*_handled_total", code);
    const deadlines = truth.deadlines.get(toMethod(FixtureServiceService[kind]).kind) ?? 0;
    const seen = planned.filter(({ fate }) => fate !== "deadline").length + deadlines;

    for (const [sum, count] of [
      [server, seen],
      [client, planned.filter(({ fate }) => fate !== "reset").length],
    ] as const) {
      expect({
        started: sum("grpc_*_started_total"),
        handled: sum("grpc_*_handled_total"),
        timed: sum("grpc_*_handling_seconds_count"),
        inFlight: sum("grpckit_*_calls_in_flight"),
      }).toEqual({ started: count, handled: count, timed: count, inFlight: 0 });
    }

    const [cancelled, late] = [handled("Canceled"), handled("DeadlineExceeded")];
    expect({
      ok: handled("OK"),
      aborted: handled("Aborted"),
      refused: handled("PermissionDenied"),
      unanswered: cancelled + late,
    }).toEqual({
      ok: ended("OK"),
      aborted: ended("ABORTED"),
      refused: ended("PERMISSION_DENIED"),
      unanswered: ended("CANCELLED") + ended("reset") + deadlines,
    });
    // Where the caller's reset arrives before its deadline has passed here, it is a cancellation.
    expect(cancelled).toBeGreaterThanOrEqual(ended("CANCELLED") + ended("reset"));
    expect(client("grpc_*_handled_total", "Canceled")).toBe(ended("CANCELLED"));
    expect(client("grpc_*_handled_total", "DeadlineExceeded")).toBe(ended("DEADLINE_EXCEEDED"));
  }
}

const isOver = async (register: Registry): Promise<boolean> =>
  samplesIn(await register.metrics())
    .filter(({ name }) => name.endsWith("_in_flight"))
    .every(({ value }) => value === 0);

it("E3: ten thousand calls that end in all ways are each counted once", async () => {
  const { chaos, register } = await serve();
  const plan = fc.sample(plannedCall, { numRuns: 10_000, seed: 71 });
  const truth = await chaos.run(plan, { concurrency: 100, deadlineMs: 200 });
  await expect.poll(() => isOver(register)).toBe(true);
  expect([...truth.ends.values()].reduce((sum, count) => sum + count, 0)).toBe(10_000);
  compare(await register.metrics(), plan, truth);
}, 120_000);

it("Property 12: Metrics Recording Completeness (7.1)", async () => {
  await assert(
    asyncProperty(fc.array(plannedCall, { minLength: 1, maxLength: 12 }), async (plan) => {
      const { chaos, register } = await serve();
      const truth = await chaos.run(plan, { concurrency: 12, deadlineMs: 40 });
      await expect.poll(() => isOver(register), { interval: 2 }).toBe(true);
      compare(await register.metrics(), plan, truth);
    }),
    { numRuns: 100 },
  );
}, 120_000);
