export type { MetricSet } from "../../metrics/recorders.ts";
export type { MetricsRegistry } from "../../metrics/registry.ts";
export type { CallObserver, ObservedCall, ObservedOutcome } from "../call-observer.ts";
export type { ObservingInterceptor } from "../observing-interceptor.ts";
export { type MetricsOptions, metrics } from "./metrics.ts";
