import { maxMemoryRounds } from "../memory/measure-memory.ts";
import type { Scenario, Target, TargetResult } from "../result.ts";
import type { Report } from "./report.ts";

const engineWidth = 24;

/** All that was measured, for a terminal: targets that are missed as well as those that are reached. */
export function toTable({ environment, scenarios, targets }: Report): string {
  const { cpu, cores, node, date, versions, unaryDriver, rounds } = environment;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const memoryRounds = Math.min(rounds, maxMemoryRounds);
  return [
    `${cpu}, ${cores} cores, Node.js ${node}, ${date}`,
    `medians of ${rounds} interleaved rounds, ${memoryRounds} for memory`,
    `unary calls of servers by ${unaryDriver}; ${packages.join(", ")}`,
    ...scenarios.flatMap((scenario) => ["", ...rowsOf(scenario, targets)]),
    ...(targets.length === 0 ? [] : ["", ...summaryOf(targets)]),
    "",
  ].join("\n");
}

function rowsOf(scenario: Scenario, targets: readonly TargetResult[]): readonly string[] {
  const columns = scenario.unit === "µs" ? ["CPU µs", "wall µs"] : ["RSS KB", "heap KB"];
  const title = `${scenario.group}: ${scenario.title}, for each ${scenario.per}`;
  const own = targets.filter(
    (target) => target.group === scenario.group && target.scenario === scenario.title,
  );
  return [
    title,
    row("", columns, "ratio", []),
    ...valuesOf(scenario).map(({ engine, values, ratio }) =>
      row(
        engine,
        values.map((value) => value.toFixed(value < 100 ? 2 : 1)),
        ratio.toFixed(2),
        own.filter((target) => target.engine === engine),
      ),
    ),
  ];
}

function summaryOf(targets: readonly TargetResult[]): readonly string[] {
  const missed = targets.filter(({ isReached }) => !isReached);
  return [
    `targets: ${targets.length - missed.length} of ${targets.length} reached`,
    ...missed.map(
      (target) => `  MISSED ${nameOf(target)}: ${ratioOf(target)}, not ${limitOf(target)}`,
    ),
  ];
}

interface Values {
  readonly engine: string;
  readonly values: readonly number[];
  readonly ratio: number;
}

function valuesOf(scenario: Scenario): readonly Values[] {
  return scenario.unit === "µs"
    ? scenario.figures.map(({ engine, cpuMicroseconds, wallMicroseconds, ratio }) => ({
        engine,
        values: [cpuMicroseconds, wallMicroseconds],
        ratio,
      }))
    : scenario.figures.map(({ engine, rssKilobytes, heapKilobytes, ratio }) => ({
        engine,
        values: [rssKilobytes, heapKilobytes],
        ratio,
      }));
}

function row(
  engine: string,
  columns: readonly string[],
  ratio: string,
  targets: readonly TargetResult[],
): string {
  const cells = [...columns.map((column) => column.padStart(10)), ratio.padStart(7)];
  const line = `  ${engine.padEnd(engineWidth)}${cells.join("")}`;
  return targets.length === 0 ? line : `${line}   ${targets.map(verdictOf).join("; ")}`;
}

/** `≤ 1.10 reached`, and with another engine than the baseline `1.12 of nice-grpc, ≤ 1.00 MISSED`. */
function verdictOf(target: TargetResult): string {
  const verdict = `${limitOf(target)} ${target.isReached ? "reached" : "MISSED"}`;
  return target.against === undefined ? verdict : `${ratioOf(target)}, ${verdict}`;
}

function ratioOf({ measured, against }: TargetResult): string {
  return `${measured.toFixed(2)}${against === undefined ? "" : ` of ${against}`}`;
}

function limitOf({ atMost, atLeast }: Target): string {
  return [
    ...(atMost === undefined ? [] : [`≤ ${atMost.toFixed(2)}`]),
    ...(atLeast === undefined ? [] : [`≥ ${atLeast.toFixed(2)}`]),
  ].join(", ");
}

function nameOf({ group, scenario, engine }: Target): string {
  return `${group}: ${scenario}, ${engine}`;
}
