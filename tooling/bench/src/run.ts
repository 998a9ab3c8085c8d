/**
 * `pnpm bench [group…] [--quick] [--rounds N]`: what this repository's servers and clients need beside
 * others. Groups: servers, memory, clients, growth; all of them if none is named. A table goes to stdout,
 * and what is being done to stderr. A whole run also writes docs/benchmarks.json and .svg.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { measureClients } from "./clients/measure-clients.ts";
import { measureGrowth } from "./growth/measure-growth.ts";
import { measureMemory } from "./memory/measure-memory.ts";
import { readArguments } from "./read-arguments.ts";
import { toChart } from "./report/chart.ts";
import { describeEnvironment, type Report, toJson } from "./report/report.ts";
import { toTable } from "./report/table.ts";
import type { Group, MeasureGroup, Scenario } from "./result.ts";
import { measureServers } from "./servers/measure-servers.ts";
import { unaryDriver } from "./servers/unary-drivers.ts";
import { judge } from "./targets.ts";

const measures: Readonly<Record<Group, MeasureGroup>> = {
  servers: measureServers,
  memory: measureMemory,
  clients: measureClients,
  growth: measureGrowth,
};

const startedAt = performance.now();
const progress = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  process.stderr.write(`${seconds.padStart(4)} s  ${line}\n`);
};

const { groups, rounds, isQuick, isWhole } = readArguments(process.argv.slice(2));
const scenarios: Scenario[] = [];
for (const group of groups) {
  scenarios.push(...(await measures[group]({ rounds, isQuick, progress })));
}
const report: Report = {
  environment: describeEnvironment({ rounds, unaryDriver: unaryDriver().name }),
  scenarios,
  targets: isQuick ? [] : judge(scenarios),
};
process.stdout.write(toTable(report));
if (isQuick) {
  progress("a smoke run: its figures mean nothing");
}
if (isWhole) {
  const docs = new URL("../../../docs/", import.meta.url);
  mkdirSync(docs, { recursive: true });
  writeFileSync(new URL("benchmarks.json", docs), toJson(report));
  writeFileSync(new URL("benchmarks.svg", docs), toChart(report));
  progress("docs/benchmarks.json and docs/benchmarks.svg are written");
}
