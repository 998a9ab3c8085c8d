import { setImmediate as afterOthers } from "node:timers/promises";
import type { Registry } from "prom-client";

/**
 * A registry with what operators want to know of this process, measured when it is asked for. It is
 * apart from that of the program, which may have these names already.
 */
export function createProcessMetrics({
  Gauge,
  Registry,
}: Pick<typeof import("prom-client"), "Gauge" | "Registry">): Registry {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["pid"];
  const gauges: [string, string, () => number | Promise<number>][] = [
    ["resident_memory_bytes", "Memory that the process holds.", process.memoryUsage.rss],
    ["uptime_seconds", "How long the process has run.", process.uptime],
    ["event_loop_delay_seconds", "How long a task that was due had to wait.", eventLoopDelay],
  ];
  for (const [name, help, measure] of gauges) {
    new Gauge({
      name: `grpc_kit_worker_${name}`,
      help,
      labelNames,
      registers,
      async collect() {
        this.set({ pid: process.pid }, await measure());
      },
    });
  }
  return registry;
}

async function eventLoopDelay(): Promise<number> {
  const asked = performance.now();
  await afterOthers();
  return (performance.now() - asked) / 1_000;
}
