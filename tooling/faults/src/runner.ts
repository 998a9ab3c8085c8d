import type { HarnessSource } from "./harness/create-harness.ts";
import { CannotRunError, whyNotRun } from "./not-run.ts";
import type { Miss, Outcome, Row } from "./row.ts";

/** What has become of a row. */
export type Result =
  | {
      readonly row: Row;
      readonly verdict: "kept" | "missed";
      readonly measured: string;
      readonly misses: readonly string[];
      readonly seconds: number;
      /** Whether it was late at first. */
      readonly isSecondTry: boolean;
    }
  | { readonly row: Row; readonly verdict: "not run"; readonly reason: string };

export interface RunOptions {
  readonly harnesses: HarnessSource;
  progress(text: string): void;
}

/**
 * Runs one row after another. A row that throws, or after which the service does not live, has missed. One that was late,
 * and nothing else, is run once more.
 */
export async function runRows(
  rows: readonly Row[],
  options: RunOptions,
): Promise<readonly Result[]> {
  const { progress } = options;
  const results: Result[] = [];
  for (const [n, row] of rows.entries()) {
    progress(`${row.id} (${n + 1} of ${rows.length}): ${row.fault}`);
    const result = await runRow(row, options);
    progress(`${row.id} ${told(result)}`);
    results.push(result);
  }
  return results;
}

/** The rows of these ids, in the order of the suite; all if there are none. Throws if an id is unknown. */
export function selectRows(
  rows: readonly Row[],
  { ids, isQuick }: { readonly ids: readonly string[]; readonly isQuick: boolean },
): readonly Row[] {
  const wanted = new Set(ids.map((id) => id.toUpperCase()));
  const known = new Set(rows.map(({ id }) => id.toUpperCase()));
  const unknown = [...wanted].filter((id) => !known.has(id));
  if (unknown.length > 0) {
    throw new RangeError(
      `there is no row ${unknown.join(", ")}: the rows are ${[...known].join(" ")}`,
    );
  }
  return rows.filter(
    (row) => (wanted.size === 0 || wanted.has(row.id.toUpperCase())) && (!isQuick || row.isQuick),
  );
}

async function runRow(row: Row, { harnesses, progress }: RunOptions): Promise<Result> {
  const reason = whyNotRun(row);
  if (reason !== undefined) {
    return { row, verdict: "not run", reason };
  }
  const startMs = performance.now();
  let outcome = await runOnce(row, harnesses);
  const late = "misses" in outcome && lateTexts(outcome.misses);
  if (late) {
    const first = late.join(", ");
    progress(`${row.id} once more, since the machine may be why: ${first}`);
    await harnesses.renew();
    const second = await runOnce(row, harnesses);
    outcome =
      "misses" in second
        ? { ...second, measured: `${second.measured} (at the first try: ${first})` }
        : second;
  }
  if ("cannotRun" in outcome) {
    return { row, verdict: "not run", reason: outcome.cannotRun };
  }
  const { measured } = outcome;
  const misses = outcome.misses.map(textOf);
  const seconds = (performance.now() - startMs) / 1_000;
  const verdict = misses.length === 0 ? "kept" : "missed";
  return { row, verdict, measured, misses, seconds, isSecondTry: late !== false };
}

/** What has missed, if all of that is late; false if nothing has, or something else. */
function lateTexts(misses: readonly Miss[]): readonly string[] | false {
  const isLate = misses.length > 0 && misses.every((miss) => typeof miss !== "string");
  return isLate && misses.map(textOf);
}

function textOf(miss: Miss): string {
  return typeof miss === "string" ? miss : miss.late;
}

type Attempt = Outcome | { readonly cannotRun: string };

async function runOnce(row: Row, harnesses: HarnessSource): Promise<Attempt> {
  const harness = harnesses.forRow();
  const outcome = await attempt(() => row.run(harness));
  const faults = await harness.end();
  return "misses" in outcome ? { ...outcome, misses: [...outcome.misses, ...faults] } : outcome;
}

async function attempt(run: () => Promise<Outcome>): Promise<Attempt> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CannotRunError) {
      return { cannotRun: error.message };
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { measured: "", misses: [`the row has thrown: ${text}`] };
  }
}

function told(result: Result): string {
  if (result.verdict === "not run") {
    return `not run: ${result.reason}`;
  }
  const { verdict, seconds, measured, misses } = result;
  const lines = [`${verdict} in ${seconds.toFixed(1)} s: ${measured}`, ...misses];
  return lines.join("\n    MISSED: ");
}
