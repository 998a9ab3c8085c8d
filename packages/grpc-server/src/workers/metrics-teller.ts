import cluster from "node:cluster";
import { loadPromClient } from "./load-prom-client.ts";
import type { FromWorker } from "./messages.ts";
import type { ResolvedMetricsOptions } from "./workers-options.ts";

/** Makes the function by which a worker tells its metrics to the first process. It never rejects. */
export async function createMetricsTeller({
  registry,
}: ResolvedMetricsOptions): Promise<() => Promise<void>> {
  const source = registry ?? (await loadPromClient()).register;
  return async () => {
    let message: FromWorker;
    try {
      const json = JSON.stringify(await source.getMetricsAsJSON(), withAllNumbers);
      message = { type: "grpc-kit:metrics", json };
    } catch (error) {
      message = { type: "grpc-kit:metrics-failed", message: String(error) };
    }
    await new Promise<void>((resolve) => {
      cluster.worker?.send(message, () => resolve());
    });
  };
}

// JSON would make null of NaN and Infinity.
function withAllNumbers(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
