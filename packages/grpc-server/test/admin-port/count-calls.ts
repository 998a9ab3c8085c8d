import { statusCodeInfo } from "@grpc-kit/grpc-status";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { CallObserver, ObservedCall } from "../../src/call-observer.ts";

/** Counts calls as the interceptors of a program do, in the metrics of go-grpc-prometheus. */
export function countCalls(registry: Registry): CallObserver {
  const registers = [registry];
  const labelNames = ["grpc_type", "grpc_service", "grpc_method"];
  const help = "Calls.";
  const started = new Counter({ name: "grpc_server_started_total", help, labelNames, registers });
  const handled = new Counter({
    name: "grpc_server_handled_total",
    help,
    labelNames: [...labelNames, "grpc_code"],
    registers,
  });
  const seconds = new Histogram({
    name: "grpc_server_handling_seconds",
    help,
    labelNames,
    registers,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const inFlight = new Gauge({
    name: "grpckit_server_calls_in_flight",
    help,
    labelNames,
    registers,
  });

  const labelsOf = ({ method: path, kind }: ObservedCall) => {
    const [, service = "", method = ""] = path.split("/");
    return { grpc_type: kind ?? "unknown", grpc_service: service, grpc_method: method };
  };
  return {
    onStart(call) {
      const labels = labelsOf(call);
      started.inc(labels);
      inFlight.inc(labels);
    },
    onEnd(call, { code, durationMs }) {
      const labels = labelsOf(call);
      handled.inc({ ...labels, grpc_code: statusCodeInfo(code).goName });
      seconds.observe(labels, durationMs / 1_000);
      inFlight.dec(labels);
    },
  };
}
