import { maxTimerMs } from "../check-option.ts";

/**
 * Makes a function whose callers share one run: those who call while it runs wait for the same end.
 * It rejects after `timeoutMs` milliseconds, and the next call runs anew.
 */
export function shareRuns<T>(timeoutMs: number, run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;

  async function runInTime(): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`no answer after ${timeoutMs} ms`)),
      Math.min(timeoutMs, maxTimerMs),
    );
    try {
      return await Promise.race([run(), late.promise]);
    } finally {
      clearTimeout(timer);
      running = undefined;
    }
  }

  return () => (running ??= runInTime());
}
