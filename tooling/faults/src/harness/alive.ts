import { checkHealth } from "./calls.ts";
import type { Service } from "./service.ts";

/** How much longer a shared machine may take than the promise says. */
const latitude = 5;

/**
 * ALIVE: that the process is there, that health says SERVING within a second (five in the quick set, where machines
 * are shared), and that no error was left uncaught. A sentence for each that does not hold.
 */
export async function faultsOfLife(service: Service, isQuick: boolean): Promise<readonly string[]> {
  if (!service.isRunning) {
    return [`the service has ended; its last words: ${lastWords(service)}`];
  }
  const timeoutMs = isQuick ? latitude * 1_000 : 1_000;
  const health = await serves(service, timeoutMs);
  const faults = health === "SERVING" ? [] : [`health says ${health} ${timeoutMs} ms after it`];
  try {
    const { uncaught } = await service.probe();
    return uncaught === 0 ? faults : [...faults, `${uncaught} errors were left uncaught`];
  } catch (error) {
    return [...faults, error instanceof Error ? error.message : String(error)];
  }
}

async function serves(service: Service, timeoutMs: number): Promise<string> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const health = await checkHealth(service, { timeoutMs });
    if (health === "SERVING" || performance.now() >= endMs) {
      return health;
    }
  }
}

function lastWords(service: Service): string {
  return service.output().trimEnd().split("\n").slice(-3).join(" / ").slice(-500);
}
