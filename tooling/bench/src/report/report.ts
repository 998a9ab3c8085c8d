import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import type { Scenario, TargetResult } from "../result.ts";

/** Where and with what it was measured. */
export interface Environment {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Of the packages that are compared, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** What made the unary calls of the servers. */
  readonly unaryDriver: string;
  readonly rounds: number;
}

export interface Report {
  readonly environment: Environment;
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly TargetResult[];
}

const compared = [
  "@grpc/grpc-js",
  "nice-grpc",
  "nice-grpc-opentelemetry",
  "nice-grpc-prometheus",
  "nice-grpc-error-details",
  "@connectrpc/connect",
  "@connectrpc/connect-node",
  "@bufbuild/protobuf",
];

export function describeEnvironment(
  rest: Pick<Environment, "unaryDriver" | "rounds">,
): Environment {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    node: process.versions.node,
    versions: Object.fromEntries(compared.map((name) => [name, versionOf(name)])),
    ...rest,
  };
}

// Some of them do not export their package.json.
function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

export function toJson(report: Report): string {
  return `${JSON.stringify(report, (_key, value) => rounded(value), 2)}\n`;
}

// More digits than this are noise, and make each run a change of every line.
function rounded(value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}
