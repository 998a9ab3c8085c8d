import type { Result } from "./runner.ts";

/** Where and when a run was made. */
export interface Surroundings {
  readonly date: Date;
  readonly nodeVersion: string;
  readonly machine: string;
  readonly seconds: number;
}

const head = ["| id | fault | promise | measured | |", "|---|---|---|---|---|"];

/** A table in Markdown, a line for each row, the totals, and once more what was missed: logs are read from their end. */
export function table(results: readonly Result[]): string {
  const misses = results.flatMap((result) =>
    result.verdict === "missed"
      ? result.misses.map((miss) => `- ${result.row.id}: ${oneLine(miss)}`)
      : [],
  );
  const list = misses.length === 0 ? [] : ["", ...misses];
  return [...head, ...results.map(line), "", totals(results), ...list].join("\n");
}

/** "41 rows: 38 kept (1 at the second try: F2), 1 MISSED (A7), 2 not run". */
export function totals(results: readonly Result[]): string {
  const missed = missedIds(results);
  const count = (verdict: Result["verdict"]): number =>
    results.filter((result) => result.verdict === verdict).length;
  const rows = results.length === 1 ? "1 row" : `${results.length} rows`;
  const ids = missed.length === 0 ? "" : ` (${missed.join(", ")})`;
  const again = results.filter((result) => result.verdict === "kept" && result.isSecondTry);
  const tries =
    again.length === 0
      ? ""
      : ` (${again.length} at the second try: ${again.map(({ row }) => row.id).join(", ")})`;
  return `${rows}: ${count("kept")} kept${tries}, ${missed.length} MISSED${ids}, ${count("not run")} not run`;
}

export function missedIds(results: readonly Result[]): readonly string[] {
  return results.filter(({ verdict }) => verdict === "missed").map(({ row }) => row.id);
}

/** The text of docs/faults.md. */
export function document(
  results: readonly Result[],
  { date, nodeVersion, machine, seconds }: Surroundings,
): string {
  return `# Faults and attacks

Each row is a fault or an attack that \`pnpm faults\` makes, what is promised for it, and what was measured. Rows about the
server are made against item-service as it is built, in a process of its own, with a polite client beside it.

Measured on ${date.toISOString().slice(0, 10)} with Node.js ${nodeVersion} on ${machine}, in ${Math.round(seconds / 60)} minutes. \`pnpm faults --write\` writes this file anew.

${table(results)}
`;
}

function line(result: Result): string {
  const { id, fault, promise } = result.row;
  const cells =
    result.verdict === "not run"
      ? [`not run: ${result.reason}`, "not run"]
      : [
          [result.measured, ...result.misses.map((miss) => `MISSED: ${miss}`)].join("; "),
          result.verdict === "kept" ? "kept" : "MISSED",
        ];
  return `| ${[id, fault, promise, ...cells].map(cell).join(" | ")} |`;
}

function cell(text: string): string {
  return oneLine(text).replaceAll("|", "\\|");
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
