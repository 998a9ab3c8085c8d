import { type StatusCodeInfo, statusCodeInfo, statusCodes } from "@grpc-kit/grpc-status";
import type { RecorderOf, RecorderOptions } from "./recorder.ts";
import { counter, gauge, histogram } from "./registry.ts";
import type { HistogramSeries, NumberSeries } from "./series.ts";

const labelNames = ["grpc_type", "grpc_service", "grpc_method"] as const;

// Those of Prometheus' own clients.
const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The metrics of go-grpc-prometheus, name by name, and one gauge of our own:
 * https://github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus
 */
export function prometheusRecorders(options: RecorderOptions): RecorderOf {
  const { register, side, buckets = defaultBuckets } = options;
  const count = (name: string, help: string, labels: readonly string[] = labelNames) =>
    counter(register, { name: `grpc_${side}_${name}`, help, labelNames: labels });
  const started = count("started_total", `Total number of RPCs started on the ${side}.`);
  const handled = count(
    "handled_total",
    `Total number of RPCs completed on the ${side}, regardless of success or failure.`,
    [...labelNames, "grpc_code"],
  );
  const received = count(
    "msg_received_total",
    `Total number of RPC messages received on the ${side}.`,
  );
  const sent = count("msg_sent_total", `Total number of RPC messages sent by the ${side}.`);
  const durations = histogram(register, {
    name: `grpc_${side}_handling_seconds`,
    help: `Histogram of the time in seconds from an RPC's start on the ${side} to its end.`,
    labelNames,
    buckets,
  });
  // Not grpc_*: names that are not gRPC's own must be elsewhere,
  // https://github.com/grpc/proposal/blob/master/A79-non-per-call-metrics-architecture.md
  const inFlight = gauge(register, {
    name: `grpckit_${side}_calls_in_flight`,
    help: `Number of RPCs that have started on the ${side} and not ended.`,
    labelNames,
  });

  return (method) => {
    const labels = {
      grpc_type: method.kind,
      grpc_service: method.service,
      grpc_method: method.name,
    };
    const [starts, running] = [started.seriesOf(labels), inFlight.seriesOf(labels)];
    // As in Go, the others are not exposed before there is something to count.
    let messagesReceived: NumberSeries | undefined;
    let messagesSent: NumberSeries | undefined;
    let timings: HistogramSeries | undefined;
    const ends: (NumberSeries | undefined)[] = statusCodes.map(() => undefined);
    const receivedSeries = () => (messagesReceived ??= received.seriesOf(labels));
    const sentSeries = () => (messagesSent ??= sent.seriesOf(labels));
    const timingSeries = () => (timings ??= durations.seriesOf(labels));
    const endSeries = ({ code, goName }: StatusCodeInfo) =>
      (ends[code] ??= handled.seriesOf({ ...labels, grpc_code: goName }));
    return {
      onStart() {
        starts.value += 1;
        running.value += 1;
      },
      onMessage() {
        receivedSeries().value += 1;
      },
      onSendMessage() {
        sentSeries().value += 1;
      },
      onEnd({ code, durationMs }, trace) {
        running.value -= 1;
        endSeries(statusCodeInfo(code)).value += 1;
        timingSeries().observe(durationMs / 1_000, trace);
      },
      zero() {
        receivedSeries();
        sentSeries();
        timingSeries();
        statusCodes.forEach(endSeries);
      },
    };
  };
}
