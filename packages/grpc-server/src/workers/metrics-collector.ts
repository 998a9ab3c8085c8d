import cluster, { type Worker } from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import { perProcess } from "../admin-port/process-metrics.ts";
import type { MetricsJson } from "../metrics-json.ts";
import { isMessage, type ToWorker } from "./messages.ts";

/** Adds the metrics of several workers up. */
export type AddUp = (metrics: readonly MetricsJson[]) => Promise<MetricsJson>;

export interface MetricsCollector {
  /** The metrics of each worker, and of those that are gone what only grows. */
  gather(): Promise<readonly MetricsJson[]>;
  /** How many workers did not answer the last time. */
  unanswered(): number;
  close(): void;
}

interface Source {
  /** What the worker told last. */
  metrics: MetricsJson;
  /** Called when it answers, or is gone. */
  onAnswer: () => void;
}

/**
 * Asks the workers for their metrics. Those of a worker that is gone are kept: a sum that went down
 * would be a counter reset to Prometheus, and `rate()` would show a peak that never was.
 */
export function createMetricsCollector(
  { addUp, timeoutMs }: { readonly addUp: AddUp; readonly timeoutMs: number },
  onError: (error: unknown) => void,
): MetricsCollector {
  const sources = new Map<Worker, Source>();
  const gone: MetricsJson[] = [];
  let folding = Promise.resolve();
  let unanswered = 0;

  function onMessage(worker: Worker, message: unknown): void {
    if (isMessage(message, "grpc-kit:started")) {
      sources.set(worker, { metrics: [], onAnswer: () => {} });
    }
    const source = sources.get(worker);
    if (source !== undefined && isMessage(message, "grpc-kit:metrics")) {
      source.metrics = parseMetrics(message.json);
      source.onAnswer();
    }
    if (source !== undefined && isMessage(message, "grpc-kit:metrics-failed")) {
      onError(new Error(`worker ${worker.process.pid}: ${message.message}`));
      source.onAnswer();
    }
  }

  // Comes after the last message of a worker, unlike its exit.
  function onDisconnect(worker: Worker): void {
    const source = sources.get(worker);
    if (source !== undefined) {
      sources.delete(worker);
      gone.push(onlyGrowing(source.metrics));
      source.onAnswer();
      folding = folding.then(fold).catch(onError);
    }
  }

  async function fold(): Promise<void> {
    const { length } = gone;
    // Out in the same step as the sum is in, so that no answer misses it or has it twice.
    const sum = await addUp(gone.slice(0, length));
    gone.splice(0, length, sum);
  }

  function ask(worker: Worker, source: Source): Promise<boolean> {
    return new Promise((resolve) => {
      source.onAnswer = () => resolve(true);
      const message: ToWorker = { type: "grpc-kit:tell-metrics" };
      worker.send(message, () => {});
      void delay(timeoutMs, false, { ref: false }).then(resolve);
    });
  }

  cluster.on("message", onMessage).on("disconnect", onDisconnect);
  return {
    async gather() {
      const asked = [...sources];
      const answers = await Promise.all(asked.map(([worker, source]) => ask(worker, source)));
      const silent = new Set(asked.map(([worker]) => worker).filter((_, index) => !answers[index]));
      unanswered = silent.size;
      return [
        ...gone,
        ...[...sources].map(([worker, { metrics }]) =>
          silent.has(worker) ? onlyGrowing(metrics) : metrics,
        ),
      ];
    },
    unanswered: () => unanswered,
    close: () => void cluster.off("message", onMessage).off("disconnect", onDisconnect),
  };
}

/**
 * Counters, histograms, and the sums and counts of summaries: what stays true of one that is gone. Those of one
 * process are series of its own, of which each restart would leave some behind for good.
 */
function onlyGrowing(metrics: MetricsJson): MetricsJson {
  return metrics.flatMap((metric) => {
    if (metric.name.startsWith(perProcess)) {
      return [];
    }
    if (metric.type === "counter" || metric.type === "histogram") {
      return [metric];
    }
    const values = metric.values.filter(({ metricName = "" }) => /_(sum|count)$/.test(metricName));
    return metric.type === "summary" ? [{ ...metric, values }] : [];
  });
}

function parseMetrics(json: string): MetricsJson {
  const metrics = JSON.parse(json) as MetricsJson;
  return metrics.map((metric) => ({
    ...metric,
    values: metric.values.map((value) => ({ ...value, value: Number(value.value) })),
  }));
}
