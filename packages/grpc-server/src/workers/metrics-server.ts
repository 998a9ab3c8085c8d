import type { Registry } from "prom-client";
import { type AdminSource, listenForAdmin } from "../admin-port/admin-listener.ts";
import { shareRuns } from "../admin-port/share-runs.ts";
import { loadPromClient } from "../load-prom-client.ts";
import type { MetricsJson } from "../metrics-json.ts";
import { type AddUp, createMetricsCollector } from "./metrics-collector.ts";
import { restartCauses, type WorkerPoolStatus } from "./worker-pool.ts";
import type { WorkersEventListener } from "./workers-events.ts";
import type { ResolvedMetricsOptions } from "./workers-options.ts";

// What is left of an answer's time when the workers have had theirs.
const patienceMs = 1_000;

/** Serves the admin port for all workers. Settles with how to stop that. */
export async function serveMetrics(
  { host, port, timeoutMs, title, refreshMs }: ResolvedMetricsOptions,
  status: () => WorkerPoolStatus,
  onEvent: WorkersEventListener,
): Promise<() => void> {
  const { AggregatorRegistry, Counter, Gauge, Registry } = await loadPromClient();
  const onError = (error: unknown): void => onEvent({ type: "metrics_failed", error });
  const sum = (metrics: readonly MetricsJson[]): Registry =>
    AggregatorRegistry.aggregate([...metrics]);
  const addUp: AddUp = async (metrics) =>
    (await sum(metrics).getMetricsAsJSON()) as unknown as MetricsJson;
  const collector = createMetricsCollector({ addUp, timeoutMs }, onError);

  const own = new Registry();
  const registers = [own];
  const gauges: [string, string, () => number][] = [
    ["running", "Worker processes.", () => status().running],
    ["ready", "Worker processes that serve.", () => status().ready],
    ["unanswered", "Workers that did not tell their metrics in time.", collector.unanswered],
  ];
  for (const [name, help, value] of gauges) {
    new Gauge({
      name: `grpc_kit_workers_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
  new Counter({
    name: "grpc_kit_worker_restarts_total",
    help: "Workers started in the place of others.",
    labelNames: ["cause"],
    registers,
    collect() {
      this.reset();
      for (const cause of restartCauses) {
        this.inc({ cause }, status().restarts[cause]);
      }
    },
  });

  // Those who ask at the same time share one round of questions, which have one answer each.
  const gather = shareRuns(timeoutMs + patienceMs, collector.gather);
  const gatherSum = async (): Promise<Registry> => sum(await gather());
  const source: AdminSource = {
    contentType: own.contentType,
    async metrics() {
      const workers = await gatherSum();
      return `${await own.metrics()}\n${await workers.metrics()}`;
    },
    async metricsAsJson() {
      const workers = await gatherSum();
      const all = await Promise.all([own.getMetricsAsJSON(), workers.getMetricsAsJSON()]);
      return all.flat() as unknown as MetricsJson;
    },
    async isReady() {
      return status().ready > 0 && !saysNotReady(await gather());
    },
  };

  try {
    const {
      address,
      port: bound,
      close,
    } = await listenForAdmin({
      host,
      port,
      title,
      refreshMs,
      timeoutMs: timeoutMs + 2 * patienceMs,
      source,
      onError,
    });
    onEvent({ type: "metrics_listening", host: address, port: bound });
    return () => {
      collector.close();
      void close();
    };
  } catch (error) {
    collector.close();
    throw error;
  }
}

/** Whether those workers that know say that they do not serve. */
function saysNotReady(metrics: readonly MetricsJson[]): boolean {
  const values = metrics
    .flat()
    .filter(({ name }) => name === "grpc_kit_ready")
    .flatMap((metric) => metric.values);
  return values.length > 0 && !values.some(({ value }) => value > 0);
}
