import type { Sample, Samples } from "./samples.ts";

/** What has been counted of a method since the program began. */
export interface MethodCounts {
  readonly service: string;
  readonly method: string;
  /** "unary", "server_stream" … */
  readonly type: string;
  started: number;
  /** Undefined where nothing tells. */
  inFlight: number | undefined;
  /** Calls that have ended, by code, as in "NotFound". */
  readonly codes: Map<string, number>;
  /** Calls that took at most so many seconds. */
  readonly buckets: Map<number, number>;
}

/** By a key that is the method's alone. */
export type TrafficCounts = ReadonlyMap<string, MethodCounts>;

/** Reads the calls that a program has served, or made, from the metrics of go-grpc-prometheus. */
export function readTraffic(samples: Samples, side: "server" | "client"): TrafficCounts {
  const methods = new Map<string, MethodCounts>();

  function countsOf(sample: Sample): MethodCounts {
    const [service, method] = [sample.label("grpc_service"), sample.label("grpc_method")];
    const key = `${service}/${method}`;
    const existing = methods.get(key);
    if (existing !== undefined) {
      return existing;
    }
    const type = sample.label("grpc_type");
    const counts: MethodCounts = {
      ...{ service, method, type },
      started: 0,
      inFlight: undefined,
      codes: new Map(),
      buckets: new Map(),
    };
    methods.set(key, counts);
    return counts;
  }

  for (const sample of samples(`grpc_${side}_started_total`)) {
    countsOf(sample).started += sample.value;
  }
  for (const sample of samples(`grpc_${side}_handled_total`)) {
    addTo(countsOf(sample).codes, sample.label("grpc_code"), sample.value);
  }
  for (const sample of samples(`grpc_${side}_handling_seconds_bucket`)) {
    const le = sample.label("le");
    addTo(countsOf(sample).buckets, le === "+Inf" ? Infinity : Number(le), sample.value);
  }
  for (const sample of samples(`grpckit_${side}_calls_in_flight`)) {
    const counts = countsOf(sample);
    counts.inFlight = (counts.inFlight ?? 0) + sample.value;
  }
  return methods;
}

export function addTo<Key>(sums: Map<Key, number>, key: Key, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
