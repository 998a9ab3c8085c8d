import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { loadPromClient } from "./load-prom-client.ts";
import { type AddUp, createMetricsCollector, type MetricsJson } from "./metrics-collector.ts";
import { restartCauses, type WorkerPoolStatus } from "./worker-pool.ts";
import type { WorkersEventListener } from "./workers-events.ts";
import type { ResolvedMetricsOptions } from "./workers-options.ts";

/** Serves the metrics of all workers on `GET /metrics`. Settles with how to stop that. */
export async function serveMetrics(
  { host, port, timeoutMs }: ResolvedMetricsOptions,
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

  async function render(): Promise<string> {
    const workers = await sum(await collector.gather()).metrics();
    return `${await own.metrics()}\n${workers}`;
  }

  // Those who ask at the same time share one round of questions.
  let rendering: Promise<string> | undefined;
  const listener: RequestListener = async ({ method, url = "" }, response) => {
    if (url.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    if (method !== "GET" && method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    try {
      rendering ??= render().finally(() => {
        rendering = undefined;
      });
      const text = await rendering;
      response.writeHead(200, { "content-type": own.contentType }).end(text);
    } catch (error) {
      onError(error);
      response.writeHead(500).end();
    }
  };

  const server = createServer(listener);
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (cause) {
    collector.close();
    const reason = (cause as Error).message;
    throw new Error(`cannot serve metrics on ${host}:${port}: ${reason}`, { cause });
  }
  server.on("error", () => {});
  const address = server.address() as AddressInfo;
  onEvent({ type: "metrics_listening", host: address.address, port: address.port });
  return () => {
    collector.close();
    server.close();
    server.closeAllConnections();
  };
}
