// Is loaded before item-service, by `node --import`, and tells over IPC how its process is. This file alone does
// something when it is imported.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Metric, Registry } from "prom-client";
import type { ProbeCommand, ProbeReply, ProbeRequest, ProcessState } from "./process-state.ts";

const sampleMs = 5;
const gaugeName = "grpc_kit_server_handlers_running";

let gauge: Metric | undefined;
let handlersRunning = 0;
let peakHandlersRunning = 0;
let peakRss = 0;
let uncaught = 0;
const loopDelay = monitorEventLoopDelay({ resolution: sampleMs });

// Workers have it in their arguments too, and an IPC channel that is cluster's.
if (process.send !== undefined && process.env.NODE_UNIQUE_ID === undefined) {
  start();
}

function start(): void {
  const register = Registry.prototype.registerMetric;
  Registry.prototype.registerMetric = function (this: Registry, metric) {
    if ("name" in metric && metric.name === gaugeName) {
      gauge = metric;
    }
    return register.call(this, metric);
  };
  // It counts, and the process ends all the same. Rejections come here as well.
  process.on("uncaughtExceptionMonitor", () => {
    uncaught += 1;
  });
  process.on("message", (request: Partial<ProbeRequest>) => {
    if (request.probe !== undefined && request.id !== undefined) {
      void answer(request.probe, request.id);
    }
  });
  // Whoever has started it is gone.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  // Neither holds the process.
  process.channel?.unref();
  setInterval(() => void sample(), sampleMs).unref();
  loopDelay.enable();
}

async function answer(command: ProbeCommand, id: number): Promise<void> {
  if (command === "collect-garbage") {
    // What the first one finalises, the second one frees.
    globalThis.gc?.();
    await new Promise(setImmediate);
    globalThis.gc?.();
  } else if (command === "reset-peaks") {
    resetPeaks();
  }
  await sample();
  const reply: ProbeReply = { probeId: id, state: readState() };
  process.send?.(reply);
}

async function sample(): Promise<void> {
  const metric = await gauge?.get();
  handlersRunning = Number(metric?.values[0]?.value ?? 0);
  peakHandlersRunning = Math.max(peakHandlersRunning, handlersRunning);
  peakRss = Math.max(peakRss, readRss());
}

/** 0 while the process has no file descriptor left: Linux tells it in a file. */
function readRss(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

function resetPeaks(): void {
  peakHandlersRunning = 0;
  peakRss = 0;
  loopDelay.reset();
  try {
    // Linux keeps the peak itself: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // The samples are all there is.
  }
}

function readState(): ProcessState {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) {
    resources[name] = (resources[name] ?? 0) + 1;
  }
  return {
    rss,
    peakRss: Math.max(rss, peakRss, keptPeakRss()),
    heapUsed,
    external,
    cpuMicroseconds: user + system,
    ...readSchedule(),
    maxEventLoopDelayMs: loopDelay.max / 1e6,
    handlersRunning,
    peakHandlersRunning,
    openSockets: resources.TCPSocketWrap ?? 0,
    resources,
    fds: countFiles(),
    uncaught,
  };
}

/** As Linux has kept it since it was reset. 0 elsewhere, where it could not be. */
function keptPeakRss(): number {
  try {
    const [, kibibytes] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return Number(kibibytes ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat */
function readSchedule(): Pick<ProcessState, "ranMs" | "waitedMs"> {
  try {
    const [ran, waited] = readFileSync("/proc/self/schedstat", "utf8").split(" ");
    return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 };
  } catch {
    return { ranMs: 0, waitedMs: 0 };
  }
}

function countFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
