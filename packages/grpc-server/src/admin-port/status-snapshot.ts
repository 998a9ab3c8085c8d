import type { MetricsJson } from "../metrics-json.ts";
import { indexSamples, type Samples } from "./samples.ts";
import { readTraffic } from "./traffic-counts.ts";
import { createTrafficHistory, type TrafficSnapshot } from "./traffic-history.ts";

export interface DependencySnapshot {
  readonly name: string;
  readonly isHealthy: boolean;
}

export interface CircuitSnapshot {
  readonly target: string;
  readonly method: string;
  readonly state: "closed" | "half-open" | "open";
}

export interface WorkerSnapshot {
  readonly pid: string;
  /** Null where it is not known. */
  readonly memoryBytes: number | null;
  readonly eventLoopDelaySeconds: number | null;
  readonly uptimeSeconds: number | null;
}

export interface WorkerPoolSnapshot {
  readonly running: number;
  readonly ready: number;
  readonly unanswered: number;
  readonly restarts: readonly { readonly cause: string; readonly count: number }[];
}

/** What the page shows. A list is empty, and the rest null, where no metric tells. */
export interface StatusSnapshot {
  readonly title: string;
  readonly isReady: boolean;
  readonly uptimeSeconds: number;
  /** Milliseconds until the page asks again. */
  readonly refreshMs: number;
  /** The calls that the program serves. */
  readonly server: TrafficSnapshot | null;
  /** The calls that it makes. */
  readonly client: TrafficSnapshot | null;
  readonly dependencies: readonly DependencySnapshot[];
  readonly circuits: readonly CircuitSnapshot[];
  readonly workers: readonly WorkerSnapshot[];
  readonly pool: WorkerPoolSnapshot | null;
}

export interface StatusSource {
  readonly title: string;
  readonly refreshMs: number;
  isReady(): Promise<boolean>;
  readMetrics(): Promise<MetricsJson>;
}

/** Makes the function that reads the metrics for the page, and keeps what they were lately. */
export function createStatusReader(
  { title, refreshMs, isReady, readMetrics }: StatusSource,
  now: () => number = () => performance.now(),
): () => Promise<StatusSnapshot> {
  const maxStepMs = Math.max(10_000, 3 * refreshMs);
  const histories = {
    server: createTrafficHistory({ maxStepMs }),
    client: createTrafficHistory({ maxStepMs }),
  };
  let latest: { readonly snapshot: StatusSnapshot; readonly atMs: number } | undefined;

  function trafficOf(side: "server" | "client", samples: Samples): TrafficSnapshot | null {
    const counts = readTraffic(samples, side);
    histories[side].record(counts, now());
    return counts.size === 0 ? null : histories[side].snapshot();
  }

  return async () => {
    // Several pages share what one of them asks for.
    if (latest !== undefined && now() - latest.atMs < refreshMs / 2) {
      return latest.snapshot;
    }
    const [ready, metrics] = await Promise.all([isReady(), readMetrics()]);
    const samples = indexSamples(metrics);
    const snapshot: StatusSnapshot = {
      title,
      isReady: ready,
      uptimeSeconds: process.uptime(),
      refreshMs,
      server: trafficOf("server", samples),
      client: trafficOf("client", samples),
      dependencies: samples("grpc_kit_dependency_healthy").map(({ label, value }) => ({
        name: label("dependency"),
        isHealthy: value >= 1,
      })),
      circuits: samples("grpc_kit_circuit_open").map(({ label, value }) => ({
        target: label("target"),
        method: label("method"),
        state: value >= 1 ? "open" : value > 0 ? "half-open" : "closed",
      })),
      workers: workersOf(samples),
      pool: poolOf(samples),
    };
    latest = { snapshot, atMs: now() };
    return snapshot;
  };
}

function workersOf(samples: Samples): WorkerSnapshot[] {
  const valuesOf = (name: string): Map<string, number> =>
    new Map(samples(`grpc_kit_worker_${name}`).map(({ label, value }) => [label("pid"), value]));
  const memory = valuesOf("resident_memory_bytes");
  const delay = valuesOf("event_loop_delay_seconds");
  const uptime = valuesOf("uptime_seconds");
  return [...new Set([...memory.keys(), ...delay.keys(), ...uptime.keys()])].map((pid) => ({
    pid,
    memoryBytes: memory.get(pid) ?? null,
    eventLoopDelaySeconds: delay.get(pid) ?? null,
    uptimeSeconds: uptime.get(pid) ?? null,
  }));
}

function poolOf(samples: Samples): WorkerPoolSnapshot | null {
  const [running] = samples("grpc_kit_workers_running");
  return running === undefined
    ? null
    : {
        running: running.value,
        ready: samples("grpc_kit_workers_ready")[0]?.value ?? 0,
        unanswered: samples("grpc_kit_workers_unanswered")[0]?.value ?? 0,
        restarts: samples("grpc_kit_worker_restarts_total").map(({ label, value }) => ({
          cause: label("cause"),
          count: value,
        })),
      };
}
