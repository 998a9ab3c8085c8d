import { setTimeout as delay } from "node:timers/promises";
import { backoffMs } from "./backoff.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";
import type { ResolvedWorkersOptions } from "./workers-options.ts";

/** Why a worker was started in the place of another. */
export const restartCauses = ["crash", "start_failure", "rolling_restart"] as const;

export interface WorkerPoolStatus {
  /** Processes, also those that start or stop. */
  readonly running: number;
  /** Those that serve. */
  readonly ready: number;
  readonly restarts: Readonly<Record<(typeof restartCauses)[number], number>>;
}

export interface WorkerPool {
  /** Starts the workers, and settles when none is left. */
  run(): Promise<void>;
  /** Replaces all workers, one after the other; once more if it is asked for meanwhile. */
  restart(): void;
  /** Lets all workers end. */
  stop(): void;
  /** Ends all workers at once. */
  kill(): void;
  status(): WorkerPoolStatus;
}

/** A place that is always to have a worker. */
interface Slot {
  worker: WorkerProcess;
}

export function createWorkerPool(options: ResolvedWorkersOptions): WorkerPool {
  const { maxWorkers, maxStartFailures, restartBackoff, onEvent } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const alive = new Set<WorkerProcess>();
  const slots: Slot[] = [];
  const restarts = { crash: 0, start_failure: 0, rolling_restart: 0 };
  let failure: Error | undefined;
  let overstayed = 0;
  let isRestarting = false;
  let isRestartWanted = false;

  function start(): WorkerProcess {
    const worker = startWorker(options);
    alive.add(worker);
    void worker.exited.then(() => {
      alive.delete(worker);
      overstayed += signal.aborted && worker.overstayed() ? 1 : 0;
    });
    return worker;
  }

  function stop(): void {
    stopping.abort();
    for (const worker of alive) {
      worker.stop(false);
    }
  }

  function ready(): number {
    return [...alive].filter((worker) => worker.serves()).length;
  }

  function giveUp(how: string): void {
    const times = `${maxStartFailures} times in a row`;
    failure = new Error(`a worker did not become ready ${times}; the last one ${how}`);
    onEvent({ type: "gave_up", error: failure });
    stop();
  }

  async function keep(slot: Slot): Promise<void> {
    let failures = 0;
    let startFailures = 0;
    for (;;) {
      const { worker } = slot;
      const how = await worker.exited;
      // A rolling restart has put another in its place.
      if (slot.worker !== worker) {
        continue;
      }
      if (signal.aborted) {
        return;
      }
      const readySince = worker.readySince();
      startFailures = readySince === undefined ? startFailures + 1 : 0;
      if (startFailures >= maxStartFailures && ready() === 0) {
        giveUp(how);
        return;
      }
      const isStable = performance.now() - (readySince ?? Infinity) >= restartBackoff.stableMs;
      failures = isStable ? 1 : failures + 1;
      const delayMs = Math.round(backoffMs(restartBackoff, failures));
      onEvent({ type: "worker_replaced", delayMs, failures });
      await delay(delayMs, undefined, { signal }).catch(() => {});
      if (slot.worker === worker && !signal.aborted) {
        restarts[readySince === undefined ? "start_failure" : "crash"] += 1;
        slot.worker = start();
      }
    }
  }

  async function replace(slot: Slot): Promise<void> {
    const next = start();
    if (!(await next.ready)) {
      throw new Error(`a new worker did not become ready: it ${await next.exited}`);
    }
    const { worker } = slot;
    slot.worker = next;
    restarts.rolling_restart += 1;
    worker.stop(true);
    await worker.exited;
  }

  async function replaceAll(): Promise<void> {
    onEvent({ type: "restart_started" });
    try {
      for (const slot of slots) {
        if (signal.aborted) {
          return;
        }
        await replace(slot);
      }
      onEvent({ type: "restart_finished" });
    } catch (error) {
      if (!signal.aborted) {
        onEvent({ type: "restart_failed", error });
      }
    }
  }

  async function restart(): Promise<void> {
    isRestartWanted = true;
    if (isRestarting) {
      return;
    }
    isRestarting = true;
    while (isRestartWanted && !signal.aborted) {
      isRestartWanted = false;
      await replaceAll();
    }
    isRestarting = false;
  }

  return {
    async run() {
      for (let index = 0; index < maxWorkers; index += 1) {
        slots.push({ worker: start() });
      }
      await Promise.all(slots.map(keep));
      await Promise.all([...alive].map(({ exited }) => exited));
      if (failure !== undefined) {
        throw failure;
      }
      if (overstayed > 0) {
        throw new Error(`workers must stop within stopTimeoutMs, had to kill ${overstayed}`);
      }
    },
    restart: () => void restart(),
    stop,
    kill() {
      for (const worker of alive) {
        worker.kill();
      }
    },
    status: () => ({ running: alive.size, ready: ready(), restarts }),
  };
}
