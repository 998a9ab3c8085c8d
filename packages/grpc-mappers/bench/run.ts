/**
 * `pnpm bench`: what mapping and validating one message costs. The candidates of a row take turns, and
 * each figure is the median of the turns, in nanoseconds, with its ratio to the first candidate.
 */
import { mappingRows } from "./mapping.ts";
import { validationRows } from "./validation.ts";

/** What is compared: the same work, done by each. */
export type Row = readonly [title: string, candidates: Readonly<Record<string, () => unknown>>];

const rounds = 11;
const repetitions = 200_000;

function nanoseconds(work: () => unknown): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < repetitions; index += 1) {
    // Kept, so that the work is not optimised away.
    kept = work();
  }
  return Number(process.hrtime.bigint() - start) / repetitions;
}

let kept: unknown;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

for (const [title, candidates] of [...mappingRows(), ...validationRows()]) {
  const costs = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, work] of Object.entries(candidates)) {
      const cost = nanoseconds(work);
      // The first round warms up.
      if (round > 0) {
        costs.get(name)?.push(cost);
      }
    }
  }
  const medians = [...costs].map(([name, values]) => [name, median(values)] as const);
  const first = medians[0]?.[1] ?? Number.NaN;
  process.stdout.write(`${title}\n`);
  for (const [name, cost] of medians) {
    const figures = [cost.toFixed(0).padStart(7), (cost / first).toFixed(2).padStart(6)];
    process.stdout.write(`  ${name.padEnd(34)}${figures.join("  ")}\n`);
  }
}
process.stdout.write(kept === undefined ? "\n" : "");
