import { Counter, Gauge, Histogram, type OpenMetricsContentType, type Registry } from "prom-client";
import type { TraceIds } from "../trace-key.ts";

/** A registry of prom-client, of either format. */
export type MetricsRegistry = Registry | Registry<OpenMetricsContentType>;

export type Labels = Readonly<Record<string, string | number>>;

interface Instrument {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

export interface HistogramShape extends Instrument {
  /** In seconds. */
  readonly buckets: readonly number[];
  readonly enableExemplars: boolean;
}

/** Records a duration in seconds, for labels that are bound already. */
export type Observe = (seconds: number, trace: TraceIds | undefined) => void;

export function counter(register: MetricsRegistry, shape: Instrument): Counter {
  const existing = registered(register, "counter", shape) as Counter | undefined;
  return existing ?? new Counter({ ...shape, registers: [register] });
}

export function gauge(register: MetricsRegistry, shape: Instrument): Gauge {
  const existing = registered(register, "gauge", shape) as Gauge | undefined;
  return existing ?? new Gauge({ ...shape, registers: [register] });
}

export function histogram(register: MetricsRegistry, shape: HistogramShape): Histogram {
  const existing = registered(register, "histogram", shape) as Histogram | undefined;
  const buckets = [...shape.buckets];
  return existing ?? new Histogram({ ...shape, buckets, registers: [register] });
}

/** Binds labels; a call that is traced leaves its trace with the duration as an exemplar. */
export function observe(durations: Histogram, labels: Labels, exemplars: boolean): Observe {
  const bound = durations.labels(labels);
  if (!exemplars) {
    return bound.observe;
  }
  return (value, trace) => {
    if (trace?.isSampled === true) {
      const exemplarLabels = { trace_id: trace.traceId, span_id: trace.spanId };
      durations.observe({ labels, value, exemplarLabels });
    } else {
      bound.observe(value);
    }
  };
}

// So that two servers, or the clients of many targets, can share a registry. If the metric of that
// name is another, prom-client refuses to make ours.
function registered(
  register: MetricsRegistry,
  type: string,
  shape: Instrument & Partial<HistogramShape>,
): unknown {
  const metric: unknown = register.getSingleMetric(shape.name);
  const found = metric as (Partial<HistogramShape> & { readonly type?: string }) | undefined;
  const isSame =
    found?.type === type &&
    String(found.labelNames) === String(shape.labelNames) &&
    String(found.buckets) === String(shape.buckets) &&
    found.enableExemplars === (shape.enableExemplars ?? false);
  return isSame ? found : undefined;
}
