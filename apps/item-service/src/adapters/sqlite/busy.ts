import { setTimeout } from "node:timers/promises";
import { fromSqliteError, isBusy } from "./errors.ts";

const MAX_PAUSE_MS = 50;

/** How long work is tried that finds the database locked by another connection. */
export interface BusyLimits {
  readonly busyLimitMs: number;
  /** When the work came, by `performance.now()`. Default: now. */
  readonly since?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `work` once. Returns undefined if the database is locked. */
export function tryOnce<Result>(work: () => Result): { readonly result: Result } | undefined {
  try {
    return { result: work() };
  } catch (error) {
    if (isBusy(error)) {
      return undefined;
    }
    throw fromSqliteError(error);
  }
}

/**
 * Runs `work`, once at the least, until the database is not locked. The event loop goes on between the
 * tries: other processes may be in the way.
 */
export async function retryWhileBusy<Result>(
  work: () => Result,
  { busyLimitMs, since = performance.now(), signal }: BusyLimits,
): Promise<Result> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    signal?.throwIfAborted();
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() - since >= busyLimitMs) {
        throw fromSqliteError(error);
      }
    }
    // Unlike each other, so that those who wait do not meet again.
    await pause(pauseMs * (0.5 + Math.random()), signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch {
    // Its own AbortError; the caller is told the reason of the signal.
    signal?.throwIfAborted();
  }
}
