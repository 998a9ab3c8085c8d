import type { OpenMetricsContentType, Metric as PromMetric, Registry } from "prom-client";
import { Metric, type MetricShape } from "./metric.ts";
import { HistogramSeries, type Labels, NumberSeries, type Series } from "./series.ts";

/** A registry of prom-client, of either format. */
export type MetricsRegistry = Registry | Registry<OpenMetricsContentType>;

type Instrument = Pick<MetricShape, "name" | "help" | "labelNames">;

export interface HistogramShape extends Instrument {
  /** In seconds. */
  readonly buckets: readonly number[];
}

export function counter(register: MetricsRegistry, shape: Instrument): Metric<NumberSeries> {
  return metric(register, { ...shape, type: "counter" }, (labels) => new NumberSeries(labels));
}

export function gauge(register: MetricsRegistry, shape: Instrument): Metric<NumberSeries> {
  return metric(register, { ...shape, type: "gauge" }, (labels) => new NumberSeries(labels));
}

export function histogram(
  register: MetricsRegistry,
  shape: HistogramShape,
): Metric<HistogramSeries> {
  const toSeries = (labels: Labels) => new HistogramSeries(labels, shape.buckets);
  return metric(register, { ...shape, type: "histogram" }, toSeries);
}

// So that two servers, or the clients of many targets, can share a registry. If the metric of that
// name is another, prom-client refuses ours.
function metric<S extends Series>(
  register: MetricsRegistry,
  shape: MetricShape,
  toSeries: (labels: Labels) => S,
): Metric<S> {
  const existing: unknown = register.getSingleMetric(shape.name);
  if (existing instanceof Metric && isSame(existing, shape)) {
    return existing;
  }
  const made = new Metric(shape, toSeries);
  // What it asks of a metric it does not declare, but also of those that it adds up for clusters.
  register.registerMetric(made as unknown as PromMetric);
  return made;
}

function isSame(one: MetricShape, other: MetricShape): boolean {
  return (
    one.type === other.type &&
    String(one.labelNames) === String(other.labelNames) &&
    String(one.buckets) === String(other.buckets)
  );
}
