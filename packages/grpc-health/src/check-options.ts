import { inspect } from "node:util";

/**
 * Asks whether a dependency works. `false`, a throw, a rejection and no end in time say no; anything
 * else says yes. The signal aborts when the time is over.
 */
export type DependencyCheck = (
  signal: AbortSignal,
  // biome-ignore lint/suspicious/noConfusingVoidType: most checks wait for a reply and return nothing.
) => Promise<boolean | void> | boolean | void;

export interface DependencyCheckOptions {
  readonly check: DependencyCheck;
  /** Milliseconds from one check to the next, give or take 10 %. Default: 5_000. */
  readonly intervalMs?: number;
  /** Milliseconds after which a check has failed. Default: 2_000. */
  readonly timeoutMs?: number;
  /** Whether the server is not ready without the dependency. Default: true. */
  readonly critical?: boolean;
  /** Checks that must fail in a row before a healthy dependency counts as unhealthy. Default: 2. */
  readonly failuresToTrip?: number;
  /** Checks that must pass in a row before an unhealthy dependency counts as healthy. Default: 2. */
  readonly successesToRecover?: number;
}

const maxMs = 86_400_000;
const maxChecks = 1_000;

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function resolveCheckOptions(
  name: string,
  dependency: DependencyCheck | DependencyCheckOptions,
): Required<DependencyCheckOptions> {
  const options = typeof dependency === "function" ? { check: dependency } : dependency;
  if (name === "") {
    throw new RangeError("dependencyChecks must have names that are not empty");
  }
  if (typeof options?.check !== "function") {
    const got = inspect(dependency);
    throw new TypeError(`dependencyChecks.${name} must be a function or have a check, got ${got}`);
  }
  const {
    check,
    intervalMs = 5_000,
    timeoutMs = 2_000,
    critical = true,
    // Two of each, so that a status changes once in two checks at the most, however fast a dependency
    // flaps, and one slow reply does not take every replica out at once.
    failuresToTrip = 2,
    successesToRecover = 2,
  } = options;
  checkInteger(name, "intervalMs", intervalMs, maxMs);
  checkInteger(name, "timeoutMs", timeoutMs, maxMs);
  checkInteger(name, "failuresToTrip", failuresToTrip, maxChecks);
  checkInteger(name, "successesToRecover", successesToRecover, maxChecks);
  if (typeof critical !== "boolean") {
    const got = inspect(critical);
    throw new TypeError(`dependencyChecks.${name}.critical must be a boolean, got ${got}`);
  }
  return { check, intervalMs, timeoutMs, critical, failuresToTrip, successesToRecover };
}

function checkInteger(name: string, option: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    const rule = `must be an integer from 1 to ${max}, got ${inspect(value)}`;
    throw new RangeError(`dependencyChecks.${name}.${option} ${rule}`);
  }
}
