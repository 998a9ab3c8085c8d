import type { ServiceDefinition } from "@grpc/grpc-js";
import { traceKey } from "@grpc-kit/grpc-context";
import { toMethod } from "../../method.ts";
import { type RecordedMethod, unknownMethod } from "../../metrics/recorder.ts";
import { type MetricSet, recorders } from "../../metrics/recorders.ts";
import type { MetricsRegistry } from "../../metrics/registry.ts";
import type { ServerHook } from "../call-hook.ts";
import type { CallObserver } from "../call-observer.ts";
import { type ObservingInterceptor, observingInterceptor } from "../observing-interceptor.ts";

export interface MetricsOptions {
  /** Where the metrics are. Several interceptors may share one; then they count together. */
  readonly register: MetricsRegistry;
  /** Whose names the metrics have. Default: "prometheus". */
  readonly set?: MetricSet;
  /** Services whose series are there, at 0, before their first call. Default: none. */
  readonly services?: readonly ServiceDefinition[];
  /** The upper bounds of the histogram's buckets, in seconds. Default: those of the set. */
  readonly buckets?: readonly number[];
  /** Whether durations point to sampled traces; takes an OpenMetrics registry. Default: false. */
  readonly exemplars?: boolean;
}

/**
 * Counts calls, measures each from its headers to the end of its stream, whatever ends it, and counts
 * messages as they pass. The same for all four kinds of call: a stream is one call. It belongs
 * outermost, as it sees no call that an interceptor further out refuses; its `observer` belongs to
 * grpc-server, for the calls that no interceptor sees.
 */
export function metrics({
  register,
  set = "prometheus",
  services = [],
  buckets,
  exemplars = false,
}: MetricsOptions): ObservingInterceptor {
  const recorderOf = recorders(set, { register, side: "server", buckets, exemplars, target: {} });
  for (const definition of services.flatMap((service) => Object.values(service))) {
    recorderOf(toMethod(definition)).zero();
  }
  const watch: ServerHook = (call) => {
    const recorder = recorderOf(call.method);
    recorder.onStart();
    return exemplars
      ? { ...recorder, onEnd: (ended) => recorder.onEnd(ended, call.values.get(traceKey)) }
      : recorder;
  };
  const observer: CallObserver = {
    onEnd({ method: path, kind }, outcome) {
      if (outcome.isIntercepted) {
        return;
      }
      const recorder = recorderOf(
        kind === undefined ? unknownMethod : { ...namesOf(path), path, kind },
      );
      recorder.onStart();
      recorder.onEnd(outcome);
    },
  };
  return observingInterceptor(watch, observer);
}

function namesOf(path: string): Pick<RecordedMethod, "service" | "name"> {
  const slash = path.lastIndexOf("/");
  return { service: path.slice(1, slash), name: path.slice(slash + 1) };
}
