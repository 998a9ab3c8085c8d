import type { Interceptor } from "@grpc/grpc-js";
import { type MetricSet, recorders } from "../../metrics/recorders.ts";
import type { MetricsRegistry } from "../../metrics/registry.ts";
import { clientInterceptor } from "../client-hook.ts";
import { serverAddress } from "./server-address.ts";

export interface ClientMetricsOptions {
  /** Where the metrics are. Several interceptors may share one; then they count together. */
  readonly register: MetricsRegistry;
  /** Whose names the metrics have. Default: "prometheus". */
  readonly set?: MetricSet;
  /** What the client was made with, for OpenTelemetry's `server_address`. Default: no such labels. */
  readonly target?: string;
  /** The upper bounds of the histogram's buckets, in seconds. Default: those of the set. */
  readonly buckets?: readonly number[];
}

/**
 * Counts a client's calls and messages, and measures each call from its start to its status. The same
 * for all four kinds of call: a stream is one call, and its messages are counted as they pass. A call
 * that grpc-js retries is one call.
 */
export function metrics({
  register,
  set = "prometheus",
  target,
  buckets,
}: ClientMetricsOptions): Interceptor {
  const recorderOf = recorders(set, {
    register,
    side: "client",
    buckets,
    exemplars: false,
    target: target === undefined ? {} : { ...serverAddress(target) },
  });
  return clientInterceptor(({ method }) => {
    const recorder = recorderOf(method);
    recorder.onStart();
    return recorder;
  });
}
