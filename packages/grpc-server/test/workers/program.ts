import cluster from "node:cluster";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { Counter, Gauge, Histogram, register } from "prom-client";
import { addServerMetrics } from "../../src/admin-port/index.ts";
import { createGrpcServer } from "../../src/create-server.ts";
import { isReplaced, type RunWorkersOptions, runWorkers } from "../../src/workers/index.ts";

/** What `runProgram` passes to this program. */
export interface ProgramSettings {
  readonly options: Omit<RunWorkersOptions, "onEvent">;
  /** What a worker does when it is told to stop. Default: it lets its calls end. */
  readonly onStop?: "ignore" | "linger";
  /** Workers that start while this file exists fail. */
  readonly failsIfExists?: string;
  /** How they fail. Default: they throw. */
  readonly failsBy?: "hanging" | "settling";
  /** Whether workers leave it unsaid that they are ready. Default: false. */
  readonly isReticent?: boolean;
  /** Whether the metrics of workers cannot be read. Default: false. */
  readonly hidesMetrics?: boolean;
  /** What workers say in `grpc_kit_ready`; "first": 1 in the first, and 0 in the others. */
  readonly readiness?: number | "first";
  /** Milliseconds that a worker takes until it comes to `runWorkers`. Default: 0. */
  readonly loadsForMs?: number;
  /** Whether the first process does nothing for a while just when it has replaced a worker. */
  readonly blocksOnReplacement?: boolean;
  /** Another program to start instead of Node.js. */
  readonly execPath?: string;
}

const settings: ProgramSettings = JSON.parse(process.env.PROGRAM_SETTINGS ?? "{}");

function tell(fact: object): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`);
}

const calls = new Counter({ name: "calls_total", help: "Calls." });
const bytes = new Histogram({ name: "call_bytes", help: "Their size.", buckets: [1] });
const ratio = new Gauge({ name: "idle_ratio", help: "A number that JSON does not know." });
ratio.set(Number.NaN);
const { readiness } = settings;
if (readiness !== undefined) {
  const isFirst = cluster.worker?.id === 1 ? 1 : 0;
  const ready = new Gauge({ name: "grpc_kit_ready", help: "Ready.", aggregator: "max" });
  ready.set(readiness === "first" ? isFirst : readiness);
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) {}
}

const commands: Record<string, () => Promise<void> | void> = {
  pid: () => {},
  slow: () => delay(20),
  wait: () => delay(500),
  exit: () => process.exit(7),
  block: () => block(1_000),
};

async function main({ ready }: { ready(): void }): Promise<void> {
  const { failsIfExists, failsBy } = settings;
  if (failsIfExists !== undefined && existsSync(failsIfExists)) {
    if (failsBy === "hanging") {
      await delay(60_000);
    }
    if (failsBy === "settling") {
      return;
    }
    throw new Error("broken on purpose");
  }
  const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
  server.addService(FixtureServiceService, {
    async unary({ text }) {
      await commands[text]?.();
      calls.inc();
      bytes.observe(text.length);
      return Envelope.create({ text: String(process.pid) });
    },
    async *serverStream(request) {
      yield request;
    },
    async clientStream() {
      return Envelope.create();
    },
    bidi: (requests) => requests,
  });
  await addServerMetrics(register, server);
  const { port } = await server.start();
  if (!settings.isReticent) {
    ready();
  }
  tell({ type: "serving", pid: process.pid, port });
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  if (settings.onStop === "ignore") {
    await delay(60_000);
  }
  if (settings.onStop === "linger") {
    await delay(250);
  }
  // As `runUntilSignal` does, a second signal forces.
  process.once("SIGTERM", () => process.exit(99)).once("SIGINT", () => process.exit(99));
  await server.stop({ graceMs: 10_000 });
  tell({ type: "stopped", pid: process.pid, isReplaced: isReplaced() });
}

if (settings.execPath !== undefined) {
  process.execPath = settings.execPath;
}
if (cluster.isWorker) {
  await delay(settings.loadsForMs ?? 0);
}
const { metrics, ...options } = settings.options;
const registry = { getMetricsAsJSON: () => Promise.reject(new Error("hidden on purpose")) };
let isRestarting = false;
await runWorkers(main, {
  ...options,
  ...(metrics && { metrics: settings.hidesMetrics ? { ...metrics, registry } : metrics }),
  onEvent(event) {
    tell("error" in event ? { ...event, error: String(event.error) } : event);
    if (event.type === "worker_ready" && isRestarting && settings.blocksOnReplacement) {
      // The one that it takes the place of hears of that, and leaves meanwhile.
      setTimeout(() => {
        tell({ type: "blocked" });
        block(700);
      }, 20);
    }
    isRestarting ||= event.type === "restart_started";
  },
});
