import { createHealthService, type Health, type HealthOptions } from "@grpc-kit/grpc-health";
import type { JwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { addHealthGauges } from "@grpc-kit/item-service/shared";
import type { AwilixContainer } from "awilix";
import type { StockCradle } from "./container.ts";

/**
 * The health of the service: ready once it can tell who calls. That the item service answers is looked at and
 * shown, but not needed: an outage of one service must not take those that call it out of their balancers, and
 * theirs in turn. Calls that need it fail meanwhile, and fast.
 */
export function createStockHealth(
  { cradle }: AwilixContainer<StockCradle>,
  verifier: JwtVerifier,
): Health {
  const { itemService, logger, registry } = cradle;
  const dependencyChecks: NonNullable<HealthOptions["dependencyChecks"]> = {
    token_keys: () => verifier.warmUp(),
    item_service: {
      check: (signal) => itemService.check(signal),
      critical: false,
      intervalMs: 2_000,
      // It is only shown, so it may flap.
      failuresToTrip: 1,
      successesToRecover: 1,
    },
  };
  const gauges = addHealthGauges(registry, {
    dependencies: Object.keys(dependencyChecks),
    isReady: () => health.getStatus("readiness") === "SERVING",
  });
  const health = createHealthService({
    dependencyChecks,
    services: { "examples.StockService": true },
    onStatusChange: (change) => {
      gauges.onStatusChange(change);
      const { kind, name, from, to } = change;
      const err = kind === "dependency" ? change.error : undefined;
      logger[["HEALTHY", "SERVING"].includes(to) ? "info" : "warn"](
        { kind, name, from, to, err },
        "health",
      );
    },
  });
  return health;
}
