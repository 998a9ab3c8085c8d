import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { check, serveHealth } from "../test/serve-health.ts";
import type { DependencyCheck } from "./check-options.ts";
import { createHealthService } from "./health-service.ts";

type Behaviour = "healthy" | "failing" | "throwing" | "rejecting" | "hanging" | "deaf";

const behaviours: Record<Behaviour, DependencyCheck> = {
  healthy: () => true,
  failing: async () => false,
  throwing: () => {
    throw new Error("refused");
  },
  rejecting: () => Promise.reject("refused"),
  hanging: (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
  // Its promise stays for ever, so it is never asked again.
  deaf: () => new Promise(() => {}),
};

const behaviour = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Behaviour>("healthy") },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Behaviour>("failing", "throwing", "rejecting", "hanging"),
  },
);

// One behaviour for each round of checks: several make a dependency that flaps.
const dependency = fc.record({
  rounds: fc
    .array(behaviour, { minLength: 4, maxLength: 4 })
    .chain((rounds) => fc.constantFrom(rounds, rounds, rounds, rounds.with(2, "deaf"))),
  critical: fc.boolean(),
  failuresToTrip: fc.integer({ min: 1, max: 2 }),
  successesToRecover: fc.integer({ min: 1, max: 2 }),
});

type Plan = typeof dependency extends fc.Arbitrary<infer Value> ? Value : never;

/** The results of the rounds so far, true for a pass. */
function results({ rounds }: Plan, round: number): boolean[] {
  const deafFrom = rounds.indexOf("deaf");
  return rounds
    .slice(0, round + 1)
    .map((name, index) => name === "healthy" && (deafFrom === -1 || index < deafFrom));
}

function isIll(plan: Plan, round: number): boolean {
  const seen = results(plan, round);
  const isTripped =
    seen.length >= plan.failuresToTrip && !seen.slice(-plan.failuresToTrip).includes(true);
  return isTripped || !seen.includes(true);
}

function isWell(plan: Plan, round: number): boolean {
  const latest = results(plan, round).slice(-plan.successesToRecover);
  return latest.length === plan.successesToRecover && !latest.includes(false);
}

it("Property 6: health check status consistency (4.2)", { timeout: 120_000 }, async () => {
  const { server, client } = await serveHealth();
  const answers = new Set<string>();
  let transitions = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(dependency, { maxLength: 4 }), async (plans) => {
      let round = 0;
      const health = createHealthService({
        dependencyChecks: Object.fromEntries(
          plans.map(({ rounds, ...options }, index) => [
            `dependency-${index}`,
            {
              ...options,
              check: (signal: AbortSignal) => behaviours[rounds[round] ?? "failing"](signal),
              // Each start is one round.
              intervalMs: 3_600_000,
              timeoutMs: 5,
            },
          ]),
        ),
      });
      server.removeService(HealthService);
      health.addTo(server);
      const critical = plans.filter((plan) => plan.critical);
      let before = await check(client, "");
      expect(before).toBe("NOT_SERVING");
      for (; round < 4; round++) {
        await health.start();
        const answer = await check(client, "");
        expect(await check(client, "readiness")).toBe(answer);
        expect(await check(client, "liveness")).toBe("SERVING");
        if (critical.some((plan) => isIll(plan, round))) {
          expect(answer).toBe("NOT_SERVING");
        }
        if (critical.every((plan) => isWell(plan, round))) {
          expect(answer).toBe("SERVING");
        }
        transitions += answer === before ? 0 : 1;
        before = answer;
        answers.add(answer);
        health.stop();
      }
    }),
    { numRuns: 150 },
  );
  // Both answers came, and changed under way.
  expect([...answers].sort()).toEqual(["NOT_SERVING", "SERVING"]);
  expect(transitions).toBeGreaterThan(50);
});

it("leaves no rejection unhandled, whatever a check does", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): number => unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  onTestFinished(() => void process.off("unhandledRejection", onUnhandled));
  const late: DependencyCheck = (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => setTimeout(reject, 5, new Error("too late")));
    });
  const health = createHealthService({
    dependencyChecks: Object.fromEntries(
      Object.entries({ ...behaviours, late }).map(([name, check]) => [
        name,
        { check, timeoutMs: 5, intervalMs: 3_600_000 },
      ]),
    ),
  });
  await health.start();
  health.stop();
  await health.start();
  health.stop();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(unhandled).toEqual([]);
});
