import { constants } from "node:os";
import type { GrpcServer } from "./create-server.ts";
import type { StopOptions } from "./lifecycle.ts";
import { isReplaced } from "./replacement.ts";

export type StopSignal = "SIGTERM" | "SIGINT";

export interface RunOptions extends StopOptions {
  /** Milliseconds that running calls have to end before they are cut. Default: 20_000. */
  readonly graceMs?: number;
  /**
   * Milliseconds to go on serving while load balancers learn of the stop. None after a SIGINT, which
   * comes from a person at a terminal, and none for a worker that another one has replaced.
   * Default: 5_000.
   */
  readonly drainDelayMs?: number;
  /** Called with the address once the server listens. Default: nothing. */
  readonly onStarted?: (address: Awaited<ReturnType<GrpcServer["start"]>>) => void;
  /** Called with the first signal. Default: nothing. */
  readonly onSignal?: (signal: StopSignal) => void;
}

const signals: readonly StopSignal[] = ["SIGTERM", "SIGINT"];

/**
 * Starts the server, serves until SIGTERM or SIGINT, and stops in order. Settles with the signal when
 * all is closed; the process may then end by itself. A second signal ends the process at once, with
 * the exit code that shells give it. Rejects if the server cannot start or a cleanup fails.
 */
export async function runUntilSignal(
  server: GrpcServer,
  { graceMs = 20_000, drainDelayMs = 5_000, onStarted, onSignal }: RunOptions = {},
): Promise<StopSignal> {
  const first = Promise.withResolvers<StopSignal>();
  let isStopping = false;
  const listen = (signal: StopSignal): void => {
    if (isStopping) {
      process.exit(128 + constants.signals[signal]);
    }
    isStopping = true;
    onSignal?.(signal);
    first.resolve(signal);
  };
  for (const signal of signals) {
    process.on(signal, listen);
  }
  try {
    const started = server.start();
    // A signal may come while it starts; what comes of the start is then all the same.
    const began = started.then(
      (address) => {
        if (!isStopping) {
          onStarted?.(address);
        }
      },
      (error: unknown) => {
        if (!isStopping) {
          throw error;
        }
      },
    );
    const signal = await Promise.race([first.promise, began.then(() => first.promise)]);
    const isPrompt = signal === "SIGINT" || isReplaced();
    await server.stop({ graceMs, drainDelayMs: isPrompt ? 0 : drainDelayMs });
    return signal;
  } finally {
    for (const signal of signals) {
      process.off(signal, listen);
    }
  }
}
