import { setTimeout as delay } from "node:timers/promises";
import { clientsOf } from "./clients.ts";
import { createSeeds, deleteAll } from "./item-scenarios.ts";
import { runLoad } from "./load.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { readOpenCalls } from "./service-metrics.ts";
import { type SoakedService, startService } from "./start-service.ts";
import { heading, toRow } from "./table.ts";
import { createTally, type Tally } from "./tally.ts";
import { type Finding, judgeCalls, judgeSeries } from "./verdict.ts";

export interface SoakOptions {
  readonly durationMs: number;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
  print(line: string): void;
}

const rows = 30;
const minRowMs = 1_000;
const drainTimeoutMs = 10_000;

/** Starts the service, calls it for so long, and tells how it has borne that. True: well. */
export async function soak({ durationMs, signal, print }: SoakOptions): Promise<boolean> {
  const service = await startService();
  const [tally, recorder] = [createTally(), createRecorder(service)];
  const findings: Finding[] = [];
  try {
    print(`item-service at ${service.address}; its live page: ${service.adminUrl}/\n\n${heading}`);
    const until = AbortSignal.any([signal, AbortSignal.timeout(durationMs)]);
    const soaked = soakService(service, { tally, recorder, print, durationMs, signal: until });
    findings.push(...(await Promise.race([soaked, service.ended])));
  } catch (error) {
    // If the service has ended, that is why all else fails.
    await Promise.race([service.ended, delay(1_000)]);
    throw error;
  } finally {
    const how = await service.stop();
    findings.push({ isGood: how === "code 0", text: `the service has ended with ${how}` });
  }
  const failed = [...tally.expectedFailures()].map(([code, times]) => `${code} ${times}`);
  print(`\nfailed as they were to: ${failed.join(", ")}`);
  for (const { isGood, text } of findings) {
    print(`${isGood ? "ok  " : "FAIL"} ${text}`);
  }
  for (const [what, example] of tally.examples()) {
    print(`     ${what}: ${example}`);
  }
  return findings.every(({ isGood }) => isGood);
}

interface Means extends SoakOptions {
  readonly tally: Tally;
  readonly recorder: Recorder;
}

async function soakService(service: SoakedService, means: Means): Promise<readonly Finding[]> {
  const { tally, recorder, signal } = means;
  const open = clientsOf(service);
  const openClient = () => open("items:read items:write");
  const clients = {
    client: openClient(),
    fickle: openClient(),
    reader: open("items:read"),
    stranger: open(""),
  };
  const prefix = `soak-${Date.now().toString(36)}`;
  const { adminUrl, errorLines } = service;
  const seedIds = await createSeeds({ ...clients, prefix });
  const parts = { ...clients, tally, adminUrl, prefix, seedIds, signal, openClient };
  await Promise.all([runLoad(parts), watch(means)]);
  await deleteAll(parts, seedIds);
  const left = await drain(adminUrl);
  await Promise.all(Object.values(clients).map((each) => each.close()));
  return [
    ...judgeCalls(tally.totals()),
    { isGood: left === 0, text: `calls that the service has not ended: ${left}` },
    { isGood: errorLines.length === 0, text: `errors in its log: ${errorLines[0] ?? "none"}` },
    ...recorder.series().map(judgeSeries),
  ];
}

/** Prints a row and takes a sample from time to time. */
async function watch({ tally, recorder, print, durationMs, signal }: Means): Promise<void> {
  const startedAt = performance.now();
  let lastAt = startedAt;
  while (!signal.aborted) {
    await delay(Math.max(minRowMs, durationMs / rows), undefined, { signal }).catch(() => {});
    const now = performance.now();
    const [row, rowMs, elapsedMs] = [tally.takeRow(), now - lastAt, now - startedAt];
    const sample = await recorder.take(elapsedMs);
    print(toRow({ elapsedMs, rowMs, row, tally, sample }));
    lastAt = now;
  }
}

/** Waits for the service to notice that all calls are over. Gives how many it has not ended. */
async function drain(adminUrl: string): Promise<number> {
  const endsAt = performance.now() + drainTimeoutMs;
  let left = await readOpenCalls(adminUrl);
  while (left !== 0 && performance.now() < endsAt) {
    await delay(200);
    left = await readOpenCalls(adminUrl);
  }
  return left;
}
