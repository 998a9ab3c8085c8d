import type { StatusChange } from "@grpc-kit/grpc-health";
import { Gauge, type Registry } from "prom-client";

/** Shows the health of a service among its metrics, where dashboards and the admin page find it. */
export interface HealthGauges {
  /** For `onStatusChange` of the health service. */
  readonly onStatusChange: (change: StatusChange) => void;
}

export interface HealthGaugesOptions {
  readonly dependencies: readonly string[];
  readonly isReady: () => boolean;
}

/** Adds the gauges of health to the registry. */
export function addHealthGauges(
  registry: Registry,
  { dependencies, isReady }: HealthGaugesOptions,
): HealthGauges {
  const registers = [registry];
  const healthy = new Gauge({
    name: "grpc_kit_dependency_healthy",
    help: "Whether what the service depends on answers: 1, or 0.",
    labelNames: ["dependency"],
    // What is down for one worker is down.
    aggregator: "min",
    registers,
  });
  for (const dependency of dependencies) {
    healthy.set({ dependency }, 0);
  }
  new Gauge({
    name: "grpc_kit_ready",
    help: "Whether the service takes calls: 1, or 0.",
    aggregator: "max",
    registers,
    collect() {
      this.set(Number(isReady()));
    },
  });
  return {
    onStatusChange(change) {
      if (change.kind === "dependency") {
        healthy.set({ dependency: change.name }, Number(change.to === "HEALTHY"));
      }
    },
  };
}
