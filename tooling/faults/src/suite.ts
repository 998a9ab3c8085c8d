import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { createHarnessSource } from "./harness/create-harness.ts";
import { document, missedIds, table } from "./report.ts";
import type { Row } from "./row.ts";
import { runRows, selectRows } from "./runner.ts";

const usage = `Usage: pnpm faults [id…] [options]

Runs the rows of the fault suite, all or those of the ids (A1 G12 …), prints a table, and fails if a promise is not kept.

  --quick    the quick set: two minutes
  --write    writes the table of the whole run to docs/faults.md
  --help     prints this
`;
const documentFile = new URL("../../../docs/faults.md", import.meta.url);

const options = {
  quick: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export interface SuiteOptions {
  readonly rows: readonly Row[];
  /** Is given the table, or the usage. */
  print(text: string): void;
  progress(text: string): void;
}

/** Runs what the arguments say. Resolves with the exit code: 1 if a promise is not kept. */
export async function runSuite(
  args: readonly string[],
  { rows: all, print, progress }: SuiteOptions,
): Promise<number> {
  const { values, positionals: ids } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
  });
  const { quick: isQuick } = values;
  if (values.help) {
    print(usage);
    return 0;
  }
  if (values.write && (isQuick || ids.length > 0)) {
    throw new RangeError("--write must be given alone, since it writes the table of all rows");
  }
  const rows = selectRows(all, { ids, isQuick });
  const startMs = performance.now();
  const harnesses = createHarnessSource({ isQuick, progress });
  try {
    const results = await runRows(rows, { harnesses, progress });
    const seconds = (performance.now() - startMs) / 1_000;
    print(`${table(results)}\nin ${Math.round(seconds)} s\n`);
    if (values.write) {
      const surroundings = {
        date: new Date(),
        nodeVersion: process.versions.node,
        machine: machine(),
      };
      writeFileSync(documentFile, document(results, { ...surroundings, seconds }));
    }
    return missedIds(results).length === 0 ? 0 : 1;
  } finally {
    await harnesses.close();
  }
}

function machine(): string {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model ?? "an unknown processor";
  return `${type()}, ${availableParallelism()} cores of ${model}, ${memoryGiB} GiB`;
}
