import fc from "fast-check";
import type { Harness } from "../harness/harness.ts";
import { missUnless } from "../harness/judge.ts";

export interface FuzzOptions<Case> {
  readonly cases: fc.Arbitrary<Case>;
  /** How many there are in the quick set, and in the whole run. FAULTS_RUNS goes over the latter. */
  readonly quickRuns: number;
  readonly wholeRuns: number;
  /** Sends it, and says what is wrong in one sentence; undefined if nothing is. Several run at once. */
  readonly check: (given: Case) => Promise<string | undefined>;
}

export interface FuzzResult {
  readonly runs: number;
  readonly seed: number;
  readonly misses: readonly string[];
}

const batchSize = 16;
// What cases take on a busy machine, and the looking for a smaller one.
const limitMsPerCase = 40;
const minLimitMs = 60_000;

/** Makes up cases by fast-check until one shows something wrong, which is then made as small as can be. */
export async function fuzz<Case>(
  { isQuick, progress }: Harness,
  { cases, quickRuns, wholeRuns, check }: FuzzOptions<Case>,
): Promise<FuzzResult> {
  const runs = isQuick ? quickRuns : readCount("FAULTS_RUNS", wholeRuns);
  const seed = readCount("FAULTS_SEED", Math.floor(Math.random() * 2 ** 31));
  const batch = fc.array(cases, { minLength: batchSize, maxLength: batchSize });
  let done = 0;
  const property = fc.asyncProperty(batch, async (batched) => {
    const faults = await Promise.all(batched.map(check));
    done += batchSize;
    if (done % 10_000 < batchSize) {
      progress(`  ${done} of ${runs}`);
    }
    const index = faults.findIndex((fault) => fault !== undefined);
    if (index >= 0) {
      throw new Error(`${faults[index]}: ${show(batched[index])}`);
    }
  });
  const details = await fc.check(property, {
    seed,
    numRuns: Math.ceil(runs / batchSize),
    interruptAfterTimeLimit: minLimitMs + runs * limitMsPerCase,
  });
  if (details.failed) {
    return { runs: done, seed, misses: [tell(details.errorInstance, seed)] };
  }
  return { runs: done, seed, misses: missUnless(done >= runs, `only ${done} of ${runs} in time`) };
}

function tell(error: unknown, seed: number): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.slice(0, 600)} (again with FAULTS_SEED=${seed})`;
}

function show(value: unknown): string {
  return fc.stringify(value).slice(0, 400);
}

function readCount(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined) {
    return otherwise;
  }
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`${name} must be an integer of 1 or more, got ${text}`);
  }
  return count;
}
