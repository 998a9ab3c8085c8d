export type { MetricSet } from "../../server/metrics/recorders.ts";
export type { MetricsRegistry } from "../../server/metrics/registry.ts";
export { type ClientMetricsOptions, metrics } from "./metrics.ts";
