import cluster from "node:cluster";
import { constants } from "node:os";
import { atMost } from "../patience.ts";
import { markReplaced } from "../replacement.ts";
import { type FromWorker, isMessage } from "./messages.ts";
import { createMetricsReader } from "./metrics-reader.ts";
import type { ResolvedWorkersOptions, WorkerMain } from "./workers-options.ts";

// A signal to all processes of a terminal or a control group reaches this one before the first
// process can react to its own, but may be seen after that one's message.
const groupSignalMs = 50;

// How long the first process may take to let a worker go.
const maxLeaveMs = 2_000;

/** Runs `main` in a worker, and tells the first process what it must know. */
export async function runWorker(main: WorkerMain, options: ResolvedWorkersOptions): Promise<void> {
  const worker = cluster.worker as NonNullable<typeof cluster.worker>;
  const { metrics, stopTimeoutMs } = options;
  let isTold = false;
  let isOver = false;
  const letGo = Promise.withResolvers<void>();

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // The first of the listeners: those that listen once are still there to be counted.
    process.prependListener(signal, () => {
      isTold = true;
      // Nobody else listens, as long as `main` is not that far: what Node.js would do by itself.
      if (process.listenerCount(signal) === 1) {
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
  // A rolling restart is the first process's, also when the signal goes to all.
  process.on("SIGHUP", () => {});

  function stop(): void {
    if (!isTold) {
      process.emit("SIGTERM", "SIGTERM");
    }
  }

  /** Settles when the message has left, or cannot leave. */
  function send(message: FromWorker): Promise<void> {
    return new Promise((resolve) => worker.send(message, () => resolve()));
  }

  async function tellMetrics(): Promise<void> {
    if (readMetrics !== undefined) {
      await send(await readMetrics());
    }
  }

  /**
   * Waits until no connection is on its way to this process: a worker refuses one that comes after
   * its server has closed, and the first process gives it to another; one that finds no worker is lost.
   */
  async function leave(): Promise<void> {
    await send({ type: "grpc-kit:leaving" });
    await atMost(maxLeaveMs, letGo.promise);
  }

  worker.once("disconnect", () => {
    letGo.resolve();
    if (!isOver) {
      // The first process has died. Node.js would exit at once, and cut the calls.
      worker.exitedAfterDisconnect = true;
      setTimeout(() => process.exit(1), stopTimeoutMs).unref();
      stop();
    }
  });
  const readMetrics = metrics === undefined ? undefined : await createMetricsReader(metrics);
  worker.on("message", (message: unknown) => {
    if (isMessage(message, "grpc-kit:stop")) {
      if (message.isReplaced) {
        markReplaced();
      }
      setTimeout(stop, groupSignalMs);
    }
    if (isMessage(message, "grpc-kit:tell-metrics")) {
      void tellMetrics();
    }
    if (isMessage(message, "grpc-kit:let-go")) {
      letGo.resolve();
    }
  });
  void send({ type: "grpc-kit:started" });

  try {
    await main({ ready: () => void send({ type: "grpc-kit:ready" }) });
    if (!isTold) {
      throw new Error("main must serve until SIGTERM, but has settled before");
    }
  } catch (error) {
    process.exitCode = 1;
    throw error;
  } finally {
    // What was counted since the last time would be lost.
    await tellMetrics();
    await leave();
    isOver = true;
    worker.exitedAfterDisconnect = true;
    process.disconnect?.();
  }
}
