import { availableParallelism } from "node:os";
import { inspect } from "node:util";
import { checkFunction, checkHost, checkPort, checkTimer, checkTitle } from "../check-option.ts";
import { guardListener, reportTrouble, type WorkersEventListener } from "./workers-events.ts";

/** What a worker does: serves until SIGTERM or SIGINT, ends its server, and settles. */
export type WorkerMain = (worker: {
  /** Says that this worker serves, if `explicitReady` is set. */
  ready(): void;
}) => Promise<unknown>;

/** The part of a prom-client `Registry` that is needed here. */
export interface MetricsSource {
  getMetricsAsJSON(): Promise<readonly object[]>;
}

export interface WorkersMetricsOptions {
  /** The address that the admin port listens on. Default: "127.0.0.1". */
  readonly host?: string;
  /** Its port; 0 takes a free one, and the event `metrics_listening` tells which. Default: 9464. */
  readonly port?: number;
  /**
   * Milliseconds that a worker has to tell its metrics. Of one that takes longer the last known
   * counters and histograms are used. Default: 2_000.
   */
  readonly timeoutMs?: number;
  /** The metrics of a worker. Default: the global `register` of prom-client. */
  readonly registry?: MetricsSource;
  /** What the page calls the program. Default: "gRPC server". */
  readonly title?: string;
  /** Milliseconds until the page asks again. Default: 1_000. */
  readonly refreshMs?: number;
}

export interface RestartBackoffOptions {
  /** Milliseconds before a crashed worker is replaced; they double with each crash. Default: 100. */
  readonly initialMs?: number;
  /** The most that they become. Default: 10_000. */
  readonly maxMs?: number;
  /** Milliseconds that a worker must have been ready for its crash to be the first. Default: 60_000. */
  readonly stableMs?: number;
}

export interface RunWorkersOptions {
  /** Worker processes. Default: as many as there are processors for this process, at most 10. */
  readonly maxWorkers?: number;
  /** Milliseconds from a worker's start until it is ready; it is killed then. Default: 60_000. */
  readonly readyTimeoutMs?: number;
  /**
   * Milliseconds from the wish that a worker stops until it is killed. Must be more than its server
   * takes to stop: its drain delay and its grace. Default: 30_000.
   */
  readonly stopTimeoutMs?: number;
  /**
   * How often in a row a worker may fail to become ready while no other one is. `runWorkers`
   * rejects then. Default: 3.
   */
  readonly maxStartFailures?: number;
  /** Whether a worker is ready when `main` says so, not when it first listens. Default: false. */
  readonly explicitReady?: boolean;
  /** When crashed workers are replaced. */
  readonly restartBackoff?: RestartBackoffOptions;
  /** Serves `/metrics`, a live page and more for all workers in one place. Default: not at all. */
  readonly metrics?: WorkersMetricsOptions;
  /** Called in the first process with what happens. Default: writes failures to stderr. */
  readonly onEvent?: WorkersEventListener;
}

export type ResolvedMetricsOptions = Required<Omit<WorkersMetricsOptions, "registry">> &
  Pick<WorkersMetricsOptions, "registry">;

export interface ResolvedWorkersOptions
  extends Required<Omit<RunWorkersOptions, "metrics" | "restartBackoff">> {
  readonly restartBackoff: Required<RestartBackoffOptions>;
  readonly metrics: ResolvedMetricsOptions | undefined;
}

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function resolveWorkersOptions(
  main: WorkerMain,
  {
    maxWorkers = Math.min(10, availableParallelism()),
    readyTimeoutMs = 60_000,
    stopTimeoutMs = 30_000,
    maxStartFailures = 3,
    explicitReady = false,
    restartBackoff: { initialMs = 100, maxMs = 10_000, stableMs = 60_000 } = {},
    metrics,
    onEvent = reportTrouble,
  }: RunWorkersOptions,
): ResolvedWorkersOptions {
  checkFunction("main", main);
  checkCount("maxWorkers", maxWorkers);
  checkTimer("readyTimeoutMs", readyTimeoutMs);
  checkTimer("stopTimeoutMs", stopTimeoutMs);
  checkCount("maxStartFailures", maxStartFailures);
  checkTimer("restartBackoff.initialMs", initialMs);
  checkTimer("restartBackoff.maxMs", maxMs);
  checkTimer("restartBackoff.stableMs", stableMs);
  checkFunction("onEvent", onEvent);
  return {
    maxWorkers,
    readyTimeoutMs,
    stopTimeoutMs,
    maxStartFailures,
    explicitReady,
    restartBackoff: { initialMs, maxMs, stableMs },
    metrics: metrics === undefined ? undefined : resolveMetricsOptions(metrics),
    onEvent: guardListener(onEvent),
  };
}

function resolveMetricsOptions({
  host = "127.0.0.1",
  port = 9464,
  timeoutMs = 2_000,
  registry,
  title = "gRPC server",
  refreshMs = 1_000,
}: WorkersMetricsOptions): ResolvedMetricsOptions {
  checkHost("metrics.host", host);
  checkPort("metrics.port", port);
  checkTimer("metrics.timeoutMs", timeoutMs);
  checkTitle("metrics.title", title);
  checkTimer("metrics.refreshMs", refreshMs);
  const resolved = { host, port, timeoutMs, title, refreshMs };
  if (registry === undefined) {
    return resolved;
  }
  checkFunction("metrics.registry.getMetricsAsJSON", registry.getMetricsAsJSON);
  return { ...resolved, registry };
}

function checkCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be an integer from 1, got ${inspect(value)}`);
  }
}
