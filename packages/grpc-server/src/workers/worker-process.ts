import cluster, { type Worker } from "node:cluster";
import { isMessage, type ToWorker } from "./messages.ts";
import type { ResolvedWorkersOptions } from "./workers-options.ts";

/** One worker as the first process sees it. */
export interface WorkerProcess {
  /** Settles with whether it has become ready; false when it ended before. */
  readonly ready: Promise<boolean>;
  /** Settles when the process is gone, with how it ended, in words. */
  readonly exited: Promise<string>;
  /** When it became ready, by `performance.now()`; undefined before. */
  readySince(): number | undefined;
  /** Whether it serves: ready, and not told to stop. */
  serves(): boolean;
  /** Whether it had to be killed because it did not stop in time. */
  overstayed(): boolean;
  /** Lets it end what it does, for `stopTimeoutMs`. */
  stop(isReplaced: boolean): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a worker. Never throws: one that cannot be started has exited. */
export function startWorker(options: ResolvedWorkersOptions): WorkerProcess {
  try {
    return watch(cluster.fork(), options);
  } catch (error) {
    options.onEvent({ type: "worker_not_started", error });
    return {
      ready: Promise.resolve(false),
      exited: Promise.resolve(`could not be started: ${error}`),
      readySince: () => undefined,
      serves: () => false,
      overstayed: () => false,
      stop: () => {},
      kill: () => {},
    };
  }
}

function watch(
  worker: Worker,
  { readyTimeoutMs, stopTimeoutMs, explicitReady, onEvent }: ResolvedWorkersOptions,
): WorkerProcess {
  const ready = Promise.withResolvers<boolean>();
  const exited = Promise.withResolvers<string>();
  let state: "starting" | "ready" | "stopping" | "exited" = "starting";
  let readySince: number | undefined;
  let killReason: "not_ready" | "not_stopped" | undefined;
  let deadline: NodeJS.Timeout | undefined;
  let hears = false;

  const child = worker.process;
  const pid = child.pid ?? 0;

  function killIn(ms: number, reason: "not_ready" | "not_stopped"): void {
    clearTimeout(deadline);
    deadline = setTimeout(() => {
      killReason = reason;
      onEvent({ type: "worker_killed", pid, reason });
      child.kill("SIGKILL");
    }, ms);
  }

  function becomeReady(): void {
    if (state === "starting") {
      state = "ready";
      readySince = performance.now();
      clearTimeout(deadline);
      onEvent({ type: "worker_ready", pid });
      ready.resolve(true);
    }
  }

  function end(how: string): void {
    state = "exited";
    clearTimeout(deadline);
    ready.resolve(false);
    exited.resolve(how);
  }

  if (child.pid !== undefined) {
    onEvent({ type: "worker_started", pid });
    killIn(readyTimeoutMs, "not_ready");
  }
  worker.on("listening", () => {
    if (!explicitReady) {
      becomeReady();
    }
  });
  worker.on("message", (message: unknown) => {
    hears ||= isMessage(message, "grpc-kit:started");
    if (isMessage(message, "grpc-kit:ready")) {
      becomeReady();
    }
    if (isMessage(message, "grpc-kit:leaving")) {
      // Node.js has taken it off the list of those that get connections, as messages keep their order.
      const answer: ToWorker = { type: "grpc-kit:let-go" };
      worker.send(answer, () => {});
    }
  });
  // It cannot be told anything any more, and nothing but its own calls keeps it.
  worker.once("disconnect", () => {
    if (state === "starting" || state === "ready") {
      killIn(stopTimeoutMs, "not_stopped");
    }
  });
  child.once("exit", (code, signal) => {
    onEvent({ type: "worker_exited", pid, code, signal, expected: state === "stopping" });
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    end(killReason === "not_ready" ? `was not ready after ${readyTimeoutMs} ms` : how);
  });
  // Of a process that runs, this is a message that did not arrive.
  worker.on("error", (error) => {
    if (child.pid === undefined && state !== "exited") {
      onEvent({ type: "worker_not_started", error });
      end(`could not be started: ${error}`);
    }
  });

  return {
    ready: ready.promise,
    exited: exited.promise,
    readySince: () => readySince,
    serves: () => state === "ready",
    overstayed: () => killReason === "not_stopped",
    stop(isReplaced) {
      if (state === "starting" || state === "ready") {
        state = "stopping";
        killIn(stopTimeoutMs, "not_stopped");
        const message: ToWorker = { type: "grpc-kit:stop", isReplaced };
        if (hears) {
          // A signal could be its second, and force it: Ctrl-C goes to all processes of a terminal.
          worker.send(message, () => {});
        } else {
          child.kill("SIGTERM");
        }
      }
    },
    kill() {
      child.kill("SIGKILL");
    },
  };
}
