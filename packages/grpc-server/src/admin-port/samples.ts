import type { MetricsJson } from "../metrics-json.ts";

export interface Sample {
  readonly value: number;
  /** The label of that name; "" if there is none. */
  label(name: string): string;
}

/** Finds the samples of a name, such as "grpc_server_handling_seconds_bucket". */
export type Samples = (name: string) => readonly Sample[];

export function indexSamples(metrics: MetricsJson): Samples {
  const byName = new Map<string, Sample[]>();
  for (const metric of metrics) {
    for (const { value, labels, metricName = metric.name } of metric.values) {
      const name = withoutTotal(metricName);
      const samples = byName.get(name) ?? [];
      byName.set(name, samples);
      const byLabel = new Map(Object.entries(labels));
      samples.push({ value, label: (label) => String(byLabel.get(label) ?? "") });
    }
  }
  return (name) => byName.get(withoutTotal(name)) ?? [];
}

// A registry for OpenMetrics takes it off the names of counters.
function withoutTotal(name: string): string {
  return name.replace(/_total$/, "");
}
