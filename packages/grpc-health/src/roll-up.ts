import type { Dependency } from "./dependency.ts";
import {
  livenessService,
  readinessService,
  type ServingStatus,
  startupService,
  wholeServer,
} from "./serving-status.ts";

/** What the states of dependencies mean for services. */
export interface RollUp {
  readonly rules: ReadonlyMap<string, () => ServingStatus>;
  /** From now on the server may be ready. */
  open(): void;
}

export function createRollUp(
  dependencies: readonly Dependency[],
  services: Readonly<Record<string, readonly string[] | true>>,
): RollUp {
  const critical = dependencies.filter((dependency) => dependency.critical);
  let isOpen = false;
  let hasBeenReady = false;

  function isReady(): boolean {
    const isReadyNow = isOpen && critical.every(({ state }) => state === "HEALTHY");
    hasBeenReady ||= isReadyNow;
    return isReadyNow;
  }

  const rules = new Map<string, () => ServingStatus>([
    [wholeServer, () => servingIf(isReady())],
    [livenessService, () => "SERVING"],
    [readinessService, () => servingIf(isReady())],
    [startupService, () => servingIf(isReady() || hasBeenReady)],
  ]);
  for (const [service, needs] of Object.entries(services)) {
    const needed =
      needs === true ? critical : dependencies.filter(({ name }) => needs.includes(name));
    rules.set(service, () => combine(needed));
  }

  return {
    rules,
    open() {
      isOpen = true;
    },
  };
}

function servingIf(isServing: boolean): ServingStatus {
  return isServing ? "SERVING" : "NOT_SERVING";
}

function combine(needed: readonly Dependency[]): ServingStatus {
  if (needed.some(({ state }) => state === "UNHEALTHY")) {
    return "NOT_SERVING";
  }
  return needed.some(({ state }) => state === "UNKNOWN") ? "UNKNOWN" : "SERVING";
}
