import {
  createHealthService,
  type Health,
  type HealthOptions,
  type StatusChange,
} from "@grpc-kit/grpc-health";
import type { JwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import type { AwilixContainer } from "awilix";
import type { ItemCradle } from "./container.ts";
import { addHealthGauges } from "./operator-metrics.ts";

/** The health of the service: ready while its database answers, and once it can tell who calls. */
export function createItemHealth(
  { cradle }: AwilixContainer<ItemCradle>,
  verifier: JwtVerifier,
): Health {
  const { itemStore, logger, registry } = cradle;
  const dependencyChecks: NonNullable<HealthOptions["dependencyChecks"]> = {
    database: { check: (signal) => itemStore.ping({ signal }), intervalMs: 2_000 },
    token_keys: () => verifier.warmUp(),
  };
  const gauges = addHealthGauges(registry, {
    dependencies: Object.keys(dependencyChecks),
    isReady: () => health.getStatus("readiness") === "SERVING",
  });
  const health = createHealthService({
    dependencyChecks,
    services: { "examples.ItemService": true },
    onStatusChange: (change) => {
      gauges.onStatusChange(change);
      const { kind, name, from, to } = change;
      const err = kind === "dependency" ? change.error : undefined;
      logger[isBad(to) ? "warn" : "info"]({ kind, name, from, to, err }, "health");
    },
  });
  return health;
}

function isBad(state: StatusChange["to"]): boolean {
  return state === "NOT_SERVING" || state === "UNHEALTHY";
}
