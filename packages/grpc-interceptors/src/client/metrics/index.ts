export type { MetricSet } from "../../metrics/recorders.ts";
export type { MetricsRegistry } from "../../metrics/registry.ts";
export { type ClientMetricsOptions, metrics } from "./metrics.ts";
