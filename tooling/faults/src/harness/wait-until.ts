import { setTimeout as delay } from "node:timers/promises";

type Holds = () => boolean | Promise<boolean>;

interface WaitOptions {
  /** Default: 10 s. */
  readonly timeoutMs?: number;
  /** Default: 5 ms. */
  readonly intervalMs?: number;
}

/** Looks again and again whether it holds, and tells after how many milliseconds; undefined if it never does. */
export async function msUntil(
  holds: Holds,
  { timeoutMs = 10_000, intervalMs = 5 }: WaitOptions = {},
): Promise<number | undefined> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > timeoutMs) {
      return undefined;
    }
    await delay(intervalMs);
  }
  return performance.now() - startMs;
}

/** The same; false if it never does. */
export async function waitUntil(holds: Holds, options?: WaitOptions): Promise<boolean> {
  return (await msUntil(holds, options)) !== undefined;
}
