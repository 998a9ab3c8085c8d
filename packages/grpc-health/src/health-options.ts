import { inspect } from "node:util";
import type { DependencyCheck, DependencyCheckOptions } from "./check-options.ts";
import { maxServiceNameLength } from "./health-handlers.ts";
import {
  livenessService,
  readinessService,
  type ServingStatus,
  startupService,
  wholeServer,
} from "./serving-status.ts";
import type { OnStatusChange } from "./status-change.ts";

export interface HealthOptions {
  /** What the server needs, by name, and how to ask whether it works. Default: nothing. */
  readonly dependencyChecks?: Readonly<Record<string, DependencyCheck | DependencyCheckOptions>>;
  /**
   * More services to ask for, and the dependencies that each needs: `true` for the critical ones.
   * Default: none but "", "liveness", "readiness" and "startup".
   */
  readonly services?: Readonly<Record<string, readonly string[] | true>>;
  /** Called after each change, for logs. Default: none. */
  readonly onStatusChange?: OnStatusChange;
}

const ownServices: readonly string[] = [
  wholeServer,
  livenessService,
  readinessService,
  startupService,
];

/** Throws a TypeError or RangeError that names a wrong service. */
export function checkServices(
  services: Readonly<Record<string, readonly string[] | true>>,
  dependencies: ReadonlySet<string>,
): void {
  for (const [service, needs] of Object.entries(services)) {
    checkServiceName(service);
    if (ownServices.includes(service)) {
      throw new RangeError(`services must not have one of the package's own, got "${service}"`);
    }
    if (needs !== true && !Array.isArray(needs)) {
      const got = inspect(needs);
      throw new TypeError(`services["${service}"] must be an array of names or true, got ${got}`);
    }
    const unknown = needs === true ? undefined : needs.find((name) => !dependencies.has(name));
    if (unknown !== undefined) {
      const got = inspect(unknown);
      throw new RangeError(`services["${service}"] must name dependencyChecks, got ${got}`);
    }
  }
}

export function checkServiceName(service: string): void {
  if (typeof service !== "string" || service.length > maxServiceNameLength) {
    const rule = `a string of at most ${maxServiceNameLength} characters`;
    throw new RangeError(`service must be ${rule}, got ${inspect(service)}`);
  }
}

export function checkServingStatus(status: ServingStatus): void {
  if (status !== "UNKNOWN" && status !== "SERVING" && status !== "NOT_SERVING") {
    throw new TypeError(`status must be SERVING, NOT_SERVING or UNKNOWN, got ${inspect(status)}`);
  }
}
