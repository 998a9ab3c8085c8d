import type { HarnessSource } from "./harness/create-harness.ts";
import { CannotRunError, whyNotRun } from "./not-run.ts";
import type { Outcome, Row } from "./row.ts";

/** What has become of a row. */
export type Result =
  | (Outcome & { readonly row: Row; readonly verdict: "kept" | "missed"; readonly seconds: number })
  | { readonly row: Row; readonly verdict: "not run"; readonly reason: string };

export interface RunOptions {
  readonly harnesses: HarnessSource;
  progress(text: string): void;
}

/** Runs one row after another. A row that throws, or after which the service does not live, has missed. */
export async function runRows(
  rows: readonly Row[],
  { harnesses, progress }: RunOptions,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [n, row] of rows.entries()) {
    progress(`${row.id} (${n + 1} of ${rows.length}): ${row.fault}`);
    const result = await runRow(row, harnesses);
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

async function runRow(row: Row, harnesses: HarnessSource): Promise<Result> {
  const reason = whyNotRun(row);
  if (reason !== undefined) {
    return { row, verdict: "not run", reason };
  }
  const startMs = performance.now();
  const harness = harnesses.forRow();
  const outcome = await attempt(() => row.run(harness));
  const faults = await harness.end();
  if ("cannotRun" in outcome) {
    return { row, verdict: "not run", reason: outcome.cannotRun };
  }
  const misses = [...outcome.misses, ...faults];
  const seconds = (performance.now() - startMs) / 1_000;
  const verdict = misses.length === 0 ? "kept" : "missed";
  return { row, verdict, measured: outcome.measured, misses, seconds };
}

async function attempt(
  run: () => Promise<Outcome>,
): Promise<Outcome | { readonly cannotRun: string }> {
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
