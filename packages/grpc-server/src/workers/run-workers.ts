import cluster from "node:cluster";
import { runPrimary } from "./primary.ts";
import { runWorker } from "./worker.ts";
import {
  type RunWorkersOptions,
  resolveWorkersOptions,
  type WorkerMain,
} from "./workers-options.ts";

/**
 * Runs `main` in several processes that share their ports through `node:cluster`. Call it at the end
 * of the program's entry file, which the first process and each worker run alike.
 *
 * The first process starts the workers and replaces those that crash. SIGHUP replaces all of them, one
 * after the other, without a lost call. SIGTERM and SIGINT let all of them end; a second one kills them.
 * In the first process the promise settles when no worker is left. It rejects if the workers fail to
 * start again and again, or had to be killed in the end. In a worker it settles as `main` does.
 *
 * A worker is told to stop by a SIGTERM within its process: `main` is to end its server then, and to settle.
 */
export async function runWorkers(main: WorkerMain, options: RunWorkersOptions = {}): Promise<void> {
  const resolved = resolveWorkersOptions(main, options);
  await (cluster.isPrimary ? runPrimary(resolved) : runWorker(main, resolved));
}
