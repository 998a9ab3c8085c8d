import type { Sample } from "./recorder.ts";
import type { Tally, TallyRow } from "./tally.ts";

const columns = [
  ["elapsed", 8],
  ["calls", 9],
  ["calls/s", 8],
  ["p50 ms", 7],
  ["p99 ms", 7],
  ["failed", 7],
  ["unexpected", 11],
  ["heap MiB", 9],
  ["rss MiB", 8],
  ["files", 6],
  ["handles", 8],
  ["loop ms", 8],
  ["client MiB", 11],
] as const;

/** Of all rows: of several processes of the service it has the sums. */
export const heading: string = columns.map(([name, width]) => name.padStart(width)).join("");

export interface RowParts {
  readonly elapsedMs: number;
  /** How long the calls of `row` took together. */
  readonly rowMs: number;
  readonly row: TallyRow;
  readonly tally: Tally;
  readonly sample: Sample;
}

export function toRow({ elapsedMs, rowMs, row, tally, sample }: RowParts): string {
  const { service } = sample;
  const total = (of: (state: (typeof service)[number]) => number | undefined) =>
    service.reduce((sum, state) => sum + (of(state) ?? Number.NaN), 0);
  const values = [
    toTime(elapsedMs),
    tally.totals().calls,
    Math.round((row.calls / rowMs) * 1_000),
    toFixed(row.p50Ms),
    toFixed(row.p99Ms),
    countOf(tally.expectedFailures()),
    countOf(tally.totals().unexpected),
    toMebibytes(total(({ heapBytes }) => heapBytes)),
    toMebibytes(total(({ memoryBytes }) => memoryBytes)),
    toFixed(
      total(({ files }) => files),
      0,
    ),
    total(({ resources }) => resources),
    toFixed(sample.eventLoopDelayMs),
    toMebibytes(sample.clientMemoryBytes),
  ];
  return values.map((value, index) => String(value).padStart(columns[index]?.[1] ?? 0)).join("");
}

function countOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

function toTime(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function toMebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function toFixed(value: number | undefined, digits = 1): string {
  return value === undefined || Number.isNaN(value) ? "-" : value.toFixed(digits);
}
