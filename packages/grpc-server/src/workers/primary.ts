import cluster from "node:cluster";
import { constants } from "node:os";
import { serveMetrics } from "./metrics-server.ts";
import { createWorkerPool } from "./worker-pool.ts";
import type { ResolvedWorkersOptions } from "./workers-options.ts";

/** Keeps the workers up until a signal ends them. */
export async function runPrimary(options: ResolvedWorkersOptions): Promise<void> {
  const { metrics, onEvent } = options;
  // HTTP/2 connections live long. Left to the system, a few processes get most of them; in turns,
  // each gets its share. And a connection for a worker that has just stopped goes to the next one.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const pool = createWorkerPool(options);
  const closeMetrics =
    metrics === undefined ? undefined : await serveMetrics(metrics, pool.status, onEvent);

  let isStopping = false;
  const onStop = (signal: "SIGINT" | "SIGTERM"): void => {
    if (isStopping) {
      pool.kill();
      process.exit(128 + constants.signals[signal]);
    }
    isStopping = true;
    onEvent({ type: "stop_started", signal });
    pool.stop();
  };
  process.on("SIGINT", onStop).on("SIGTERM", onStop).on("SIGHUP", pool.restart);
  try {
    await pool.run();
  } finally {
    process.off("SIGINT", onStop).off("SIGTERM", onStop).off("SIGHUP", pool.restart);
    closeMetrics?.();
  }
}
