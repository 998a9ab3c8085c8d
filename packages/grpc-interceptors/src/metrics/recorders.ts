import { Registry } from "prom-client";
import { openTelemetryRecorders } from "./open-telemetry.ts";
import { prometheusRecorders } from "./prometheus.ts";
import {
  type RecordedMethod,
  type Recorder,
  type RecorderOf,
  type RecorderOptions,
  unknownMethod,
} from "./recorder.ts";

/** Whose names the metrics have: those of go-grpc-prometheus, or those of OpenTelemetry. */
export type MetricSet = "prometheus" | "opentelemetry";

const sets: Readonly<Record<MetricSet, (options: RecorderOptions) => RecorderOf>> = {
  prometheus: prometheusRecorders,
  opentelemetry: openTelemetryRecorders,
};

// A server has the methods that it has; a client may pass on whatever it is asked for, as proxies do.
const maxMethods = 1_000;

/** Makes the metrics, or finds them in the registry, and gives each method its recorder. */
export function recorders(set: MetricSet, options: RecorderOptions): RecorderOf {
  const { register, side, buckets, exemplars } = options;
  if (!Object.hasOwn(sets, set)) {
    throw new TypeError(`set must be "prometheus" or "opentelemetry", got "${set}"`);
  }
  if (buckets !== undefined && !isRising(buckets)) {
    throw new RangeError(`buckets must be rising numbers above 0, got [${buckets.join(", ")}]`);
  }
  if (exemplars && register.contentType !== Registry.OPENMETRICS_CONTENT_TYPE) {
    throw new TypeError(`exemplars need an OpenMetrics registry, got ${register.contentType}`);
  }
  const make = sets[set](options);
  const known = new Map<string, Recorder>();
  const add = (method: RecordedMethod): Recorder => {
    const recorder = make(method);
    known.set(method.path, recorder);
    return recorder;
  };
  const unknown = (): Recorder => known.get(unknownMethod.path) ?? add(unknownMethod);
  return (method) =>
    known.get(method.path) ??
    (side === "client" && known.size >= maxMethods ? unknown() : add(method));
}

function isRising(bounds: readonly number[]): boolean {
  return (
    bounds.length > 0 &&
    bounds.every((bound, index) => Number.isFinite(bound) && bound > (bounds[index - 1] ?? 0))
  );
}
