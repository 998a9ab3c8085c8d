import { status } from "@grpc/grpc-js";
import {
  CircuitState as CockatielState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from "cockatiel";
import fc from "fast-check";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { type CircuitState, createCircuit } from "./circuit.ts";

const failures = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL];
const timeoutMs = 100;

/** What a circuit should do, told by the calls themselves rather than by tickets. */
function createModel(threshold: number) {
  let now = 0;
  let state: CircuitState = "CLOSED";
  let counted = new Set<number>();
  let begunSince = new Set<number>();
  let failed = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  let openedAt = 0;
  let probe: { readonly call: number; readonly startedAt: number } | undefined;
  const changes: CircuitState[] = [];

  function change(to: CircuitState) {
    state = to;
    changes.push(to);
    counted = new Set();
    begunSince = new Set();
    failed = 0;
    openedAt = now;
    probe = undefined;
  }

  function look(): CircuitState {
    if (state === "OPEN" && now - openedAt >= timeoutMs) {
      change("HALF_OPEN");
    }
    return state;
  }

  return {
    changes,
    look,
    pass: (ms: number) => {
      now += ms;
    },
    enter(call: number): boolean {
      const seen = look();
      if (seen === "CLOSED") {
        counted.add(call);
        begunSince.add(call);
      }
      if (seen === "HALF_OPEN" && (probe === undefined || now - probe.startedAt >= timeoutMs)) {
        probe = { call, startedAt: now };
        return true;
      }
      return seen === "CLOSED";
    },
    leave(call: number, code: status | undefined): void {
      const isProbe = probe?.call === call;
      if (code === undefined) {
        probe = isProbe ? undefined : probe;
      } else if (isProbe) {
        failedAt = failures.includes(code) ? now : failedAt;
        change(failures.includes(code) ? "OPEN" : "CLOSED");
      } else if (counted.has(call) && !failures.includes(code)) {
        failed = 0;
      } else if (counted.has(call) && (begunSince.has(call) || now - failedAt >= 1_000)) {
        failed += 1;
        failedAt = now;
        begunSince = new Set();
        if (failed === threshold) {
          change("OPEN");
        }
      }
    },
  };
}

const outcome = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<status | undefined>(...failures) },
  { weight: 2, arbitrary: fc.constantFrom<status | undefined>(undefined, status.OK) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 16 }) as fc.Arbitrary<status> },
);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("enter" as const) }) },
  {
    weight: 5,
    // Of those that run, the first or one of the others.
    arbitrary: fc.record({ kind: fc.constant("leave" as const), nth: fc.nat(8), code: outcome }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, timeoutMs / 2, timeoutMs - 1, timeoutMs, 10 * timeoutMs),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("look" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("set clock" as const),
      ms: fc.integer({ min: -3_600_000, max: 3_600_000 }),
    }),
  },
);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
});

it("Property 8: circuit breaker state transitions (5.3)", () => {
  const seen = new Set<string>();
  let refused = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 60, size: "max" }),
      (threshold, steps) => {
        const model = createModel(threshold);
        const told: CircuitState[] = [];
        const circuit = createCircuit({ threshold, timeoutMs, codes: failures }, (from, to) => {
          expect(from).toBe(told.at(-1) ?? "CLOSED");
          seen.add(`${from} to ${to}`);
          told.push(to);
        });
        const running: { readonly call: number; readonly ticket: number }[] = [];

        for (const [call, next] of steps.entries()) {
          if (next.kind === "enter") {
            const ticket = circuit.enter();
            expect(ticket > 0).toBe(model.enter(call));
            refused += ticket === 0 ? 1 : 0;
            running.push(...(ticket === 0 ? [] : [{ call, ticket }]));
          } else if (next.kind === "leave" && running.length > 0) {
            const [left] = running.splice(next.nth % running.length, 1);
            circuit.leave(left?.ticket ?? Number.NaN, next.code);
            model.leave(left?.call ?? Number.NaN, next.code);
          } else if (next.kind === "pass") {
            vi.advanceTimersByTime(next.ms);
            model.pass(next.ms);
          } else if (next.kind === "set clock") {
            vi.setSystemTime(Date.now() + next.ms);
          } else if (next.kind === "look") {
            expect(circuit.state).toBe(model.look());
          }
          expect(told).toEqual(model.changes);
        }
        expect(circuit.state).toBe(model.look());
      },
    ),
    { numRuns: 500 },
  );
  expect([...seen].sort()).toEqual([
    "CLOSED to OPEN",
    "HALF_OPEN to CLOSED",
    "HALF_OPEN to OPEN",
    "OPEN to HALF_OPEN",
  ]);
  expect(refused).toBeGreaterThan(500);
});

const stateNames: Readonly<Record<number, CircuitState>> = {
  [CockatielState.Closed]: "CLOSED",
  [CockatielState.Open]: "OPEN",
  [CockatielState.HalfOpen]: "HALF_OPEN",
};

it("treats calls that come one after another as cockatiel's circuit breaker does", async () => {
  const call = fc.record({
    code: fc.constantFrom(status.UNAVAILABLE, status.UNAVAILABLE, status.OK),
    thenMs: fc.constantFrom(0, 0, timeoutMs - 1, timeoutMs),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(call), async (threshold, calls) => {
      const theirs = circuitBreaker(handleAll, {
        breaker: new ConsecutiveBreaker(threshold),
        halfOpenAfter: timeoutMs,
      });
      let state: CircuitState = "CLOSED";
      const ours = createCircuit({ threshold, timeoutMs, codes: failures }, (_from, to) => {
        state = to;
      });
      for (const { code, thenMs } of calls) {
        const send = vi.fn(() => (code === status.OK ? undefined : Promise.reject(new Error())));
        await theirs.execute(send).catch(() => undefined);
        const ticket = ours.enter();
        ours.leave(ticket, code);
        expect(ticket > 0).toBe(send.mock.calls.length === 1);
        expect(state).toBe(stateNames[theirs.state]);
        vi.advanceTimersByTime(thenMs);
      }
    }),
  );
});
