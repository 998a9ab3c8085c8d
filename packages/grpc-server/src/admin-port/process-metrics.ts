import { setImmediate as afterOthers } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import type { OpenMetricsContentType, Registry } from "prom-client";

/**
 * A registry with what operators want to know of this process, measured when it is asked for. It is
 * apart from that of the program, which may have these names already, and writes what that one does.
 */
export function createProcessMetrics(
  {
    Counter,
    Gauge,
    Registry,
  }: Pick<typeof import("prom-client"), "Counter" | "Gauge" | "Registry">,
  contentType?: string,
): Pick<Registry, "metrics" | "getMetricsAsJSON"> {
  const registry = new Registry<OpenMetricsContentType>();
  if (contentType === Registry.OPENMETRICS_CONTENT_TYPE) {
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  }
  const registers = [registry];
  const labelNames = ["pid"];
  const { pid } = process;
  const gauges: [string, string, () => number | Promise<number>][] = [
    ["resident_memory_bytes", "Memory that the process holds.", process.memoryUsage.rss],
    ["heap_used_bytes", "What of the heap is in use.", () => getHeapStatistics().used_heap_size],
    [
      "heap_limit_bytes",
      "How large the heap may grow: the process ends when it needs more.",
      () => getHeapStatistics().heap_size_limit,
    ],
    ["uptime_seconds", "How long the process has run.", process.uptime],
    ["event_loop_delay_seconds", "How long a task that was due had to wait.", eventLoopDelay],
  ];
  for (const [name, help, measure] of gauges) {
    new Gauge({
      name: `${perProcess}${name}`,
      help,
      labelNames,
      registers,
      async collect() {
        this.set({ pid }, await measure());
      },
    });
  }
  new Counter({
    name: `${perProcess}cpu_seconds_total`,
    help: "Time that the process has spent on processors.",
    labelNames,
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc({ pid }, (user + system) / 1e6);
    },
  });
  return registry;
}

/** What the names of metrics begin with that tell of one process, and end with it. */
export const perProcess = "grpc_kit_worker_";

async function eventLoopDelay(): Promise<number> {
  const asked = performance.now();
  await afterOthers();
  return (performance.now() - asked) / 1_000;
}
