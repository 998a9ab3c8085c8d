/** A metric as prom-client's `getMetricsAsJSON` has it. */
export interface MetricJson {
  readonly name: string;
  readonly type: string;
  readonly values: readonly {
    readonly value: number;
    readonly metricName?: string;
    readonly labels: object;
  }[];
}

export type MetricsJson = readonly MetricJson[];
