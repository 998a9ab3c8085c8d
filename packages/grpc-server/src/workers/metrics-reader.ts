import { createProcessMetrics } from "../admin-port/process-metrics.ts";
import { loadPromClient } from "../load-prom-client.ts";
import type { FromWorker } from "./messages.ts";
import type { ResolvedMetricsOptions } from "./workers-options.ts";

/** Makes the function that reads the metrics of a worker for the first process. It never rejects. */
export async function createMetricsReader({
  registry,
}: ResolvedMetricsOptions): Promise<() => Promise<FromWorker>> {
  const promClient = await loadPromClient();
  const sources = [registry ?? promClient.register, createProcessMetrics(promClient)];
  return async () => {
    try {
      const all = await Promise.all(sources.map((source) => source.getMetricsAsJSON()));
      const json = JSON.stringify(all.flat(), withAllNumbers);
      return { type: "grpc-kit:metrics", json };
    } catch (error) {
      return { type: "grpc-kit:metrics-failed", message: String(error) };
    }
  };
}

// JSON would make null of NaN and Infinity.
function withAllNumbers(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
