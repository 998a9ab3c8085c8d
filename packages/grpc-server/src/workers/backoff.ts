/**
 * Milliseconds to wait after the given number of crashes in a row. Up to a fifth less by chance, so
 * that workers that crash together do not start together.
 */
export function backoffMs(
  { initialMs, maxMs }: { readonly initialMs: number; readonly maxMs: number },
  failures: number,
  random: () => number = Math.random,
): number {
  return Math.min(maxMs, initialMs * 2 ** (failures - 1)) * (1 - 0.2 * random());
}
