export type { CallObserver, ObservedCall, ObservedOutcome } from "../call-observer.ts";
export type { ObservingInterceptor } from "../observing-interceptor.ts";
export { type MetricsOptions, metrics } from "./metrics.ts";
export type { MetricSet } from "./recorders.ts";
export type { MetricsRegistry } from "./registry.ts";
