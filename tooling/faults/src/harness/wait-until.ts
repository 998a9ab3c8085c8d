import { setTimeout as delay } from "node:timers/promises";

/** Looks again and again whether it holds; false if it never does. Default: for 10 s. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  { timeoutMs = 10_000, intervalMs = 10 }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) {
      return false;
    }
    await delay(intervalMs);
  }
  return true;
}
