import { status } from "@grpc/grpc-js";
import { type StatusCodeInfo, statusCodeInfo, statusCodes } from "@grpc-kit/grpc-status";
import type { RecorderOf, RecorderOptions } from "./recorder.ts";
import { gauge, histogram } from "./registry.ts";
import type { HistogramSeries, Labels } from "./series.ts";

const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * `rpc.server.call.duration` or `rpc.client.call.duration` as Prometheus has them, and one gauge of our
 * own: https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
 */
export function openTelemetryRecorders(options: RecorderOptions): RecorderOf {
  const { register, side, buckets = defaultBuckets, target } = options;
  const targetNames = side === "client" ? ["server_address", "server_port"] : [];
  const durations = histogram(register, {
    name: `rpc_${side}_call_duration_seconds`,
    help: `Duration of ${side === "server" ? "inbound" : "outbound"} RPCs in seconds.`,
    labelNames: [
      "rpc_system_name",
      "rpc_method",
      "rpc_response_status_code",
      "error_type",
      ...targetNames,
    ],
    buckets,
  });
  const active = gauge(register, {
    name: `grpckit_${side}_active_calls`,
    help: `Number of RPCs that have started on the ${side} and not ended.`,
    labelNames: ["rpc_method", ...targetNames],
  });
  const isError = ({ code, isServerFault }: StatusCodeInfo): boolean =>
    side === "server" ? isServerFault : code !== status.OK;

  return ({ path }) => {
    const method = { rpc_method: path.slice(1) };
    const labelsOf = (info: StatusCodeInfo): Labels => ({
      rpc_system_name: "grpc",
      ...method,
      rpc_response_status_code: info.name,
      ...(isError(info) && { error_type: info.name }),
      ...target,
    });
    const ends: (HistogramSeries | undefined)[] = statusCodes.map(() => undefined);
    const endSeries = (info: StatusCodeInfo) =>
      (ends[info.code] ??= durations.seriesOf(labelsOf(info)));
    const running = active.seriesOf({ ...method, ...target });
    return {
      onStart() {
        running.value += 1;
      },
      onEnd({ code, durationMs }, trace) {
        running.value -= 1;
        endSeries(statusCodeInfo(code)).observe(durationMs / 1_000, trace);
      },
      zero: () => void endSeries(statusCodeInfo(status.OK)),
    };
  };
}
