import type { CircuitReport } from "@grpc-kit/grpc-client";
import { Gauge, type Registry } from "prom-client";

const values = { CLOSED: 0, HALF_OPEN: 0.5, OPEN: 1 } as const;

/** Shows among the metrics which methods of other services are not called at the moment. */
export function addCircuitGauge(
  registry: Registry,
  circuits: () => readonly CircuitReport[],
): void {
  new Gauge({
    name: "grpc_kit_circuit_open",
    help: "Whether calls of a method are refused unsent: 1, 0.5 while one tries, or 0.",
    labelNames: ["target", "method"],
    aggregator: "max",
    registers: [registry],
    collect() {
      this.reset();
      for (const { target, path, state } of circuits()) {
        this.set({ target, method: path }, values[state]);
      }
    },
  });
}
