import {
  type DependencyCheck,
  type DependencyCheckOptions,
  resolveCheckOptions,
} from "./check-options.ts";

/** UNKNOWN until the first check has ended. */
export type DependencyState = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";

/** How the latest check of a dependency ended. */
export interface CheckResult {
  readonly hasPassed: boolean;
  /** When it ended, in epoch milliseconds. */
  readonly checkedAt: number;
  readonly latencyMs: number;
}

/** Something that the server needs, checked on a schedule of its own. */
export interface Dependency {
  readonly name: string;
  readonly critical: boolean;
  /** What the server acts on: it changes after several checks in a row that say so. */
  readonly state: DependencyState;
  readonly latest: CheckResult | undefined;
  /** Checks at once and then by the interval. Settles when the first check has ended. */
  start(): Promise<void>;
  stop(): void;
}

export type OnDependencyChange = (
  name: string,
  from: DependencyState,
  to: DependencyState,
  error: unknown,
) => void;

type Outcome =
  | { readonly hasPassed: true }
  | { readonly hasPassed: false; readonly error: unknown };

interface Run {
  readonly startedAt: number;
  /** Whether its outcome is known, or not wanted any more. The check itself may go on. */
  isOver: boolean;
  end(outcome: Outcome | undefined): void;
  abort(reason: Error): void;
}

const passed: Outcome = { hasPassed: true };

export function createDependency(
  name: string,
  dependency: DependencyCheck | DependencyCheckOptions,
  onChange: OnDependencyChange,
): Dependency {
  const { check, intervalMs, timeoutMs, critical, failuresToTrip, successesToRecover } =
    resolveCheckOptions(name, dependency);
  let state: DependencyState = "UNKNOWN";
  let latest: CheckResult | undefined;
  let isProven = false;
  // How many checks in a row have spoken against the state.
  let streak = 0;
  let current: Run | undefined;
  let timer: NodeJS.Timeout | undefined;

  function record(outcome: Outcome, startedAt: number): void {
    const { hasPassed } = outcome;
    latest = { hasPassed, checkedAt: Date.now(), latencyMs: performance.now() - startedAt };
    const to = hasPassed ? "HEALTHY" : "UNHEALTHY";
    streak = to === state ? 0 : streak + 1;
    if (streak >= needed(hasPassed)) {
      const from = state;
      streak = 0;
      state = to;
      isProven ||= hasPassed;
      onChange(name, from, to, outcome.hasPassed ? undefined : outcome.error);
    }
  }

  // A start should wait no longer than it must, so what never passed needs to pass once.
  function needed(hasPassed: boolean): number {
    if (state === "UNKNOWN") {
      return 1;
    }
    return hasPassed ? (isProven ? successesToRecover : 1) : failuresToTrip;
  }

  async function tick(): Promise<void> {
    // Replicas that started together should not ask together.
    const delayMs = intervalMs * (0.9 + 0.2 * Math.random());
    timer = setTimeout(tick, delayMs).unref();
    if (current === undefined) {
      await run();
    } else if (current.isOver) {
      const error = new Error("the check before has not ended yet");
      record({ hasPassed: false, error }, current.startedAt);
    }
  }

  function run(): Promise<void> {
    return new Promise((resolve) => {
      const controller = new AbortController();
      // Not unref'd: a process that awaits its start must not end because nothing else is going on.
      const limit = setTimeout(() => {
        const error = new Error(`the check did not end within ${timeoutMs} ms`);
        started.end({ hasPassed: false, error });
        controller.abort(error);
      }, timeoutMs);
      const started: Run = {
        startedAt: performance.now(),
        isOver: false,
        end(outcome) {
          clearTimeout(limit);
          if (outcome !== undefined && !started.isOver) {
            record(outcome, started.startedAt);
          }
          started.isOver = true;
          resolve();
        },
        abort: (reason) => controller.abort(reason),
      };
      current = started;
      void attempt(check, controller.signal).then((outcome) => {
        current = undefined;
        started.end(outcome);
      });
    });
  }

  return {
    name,
    critical,
    get state() {
      return state;
    },
    get latest() {
      return latest;
    },
    start: tick,
    stop() {
      clearTimeout(timer);
      current?.end(undefined);
      current?.abort(new Error("the checks were stopped"));
    },
  };
}

/** Never rejects, whatever the check does. */
async function attempt(check: DependencyCheck, signal: AbortSignal): Promise<Outcome> {
  try {
    const result = await check(signal);
    return result === false ? { hasPassed: false, error: new Error("the check said no") } : passed;
  } catch (error) {
    return { hasPassed: false, error };
  }
}
