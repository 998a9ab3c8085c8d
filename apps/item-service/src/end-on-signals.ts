import { constants } from "node:os";

/**
 * Ends the process on SIGTERM and SIGINT until it serves, where nobody else does: process 1 of a container gets no
 * signal that it does not listen for, as while it waits for its database.
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
export function endOnSignalsAsFirstProcess(): void {
  if (process.pid !== 1) {
    return;
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      // Once it serves, that listens as well, and ends in order.
      if (process.listenerCount(signal) === 1) {
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
}
