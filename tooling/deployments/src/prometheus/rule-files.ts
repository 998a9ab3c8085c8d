import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** The folder with the rules, their cases and the example of a configuration. */
export const folder: string = join(import.meta.dirname, "../../../../deployments/prometheus");

export const recordingFile: string = join(folder, "item-service.recording.yaml");
export const alertsFile: string = join(folder, "item-service.alerts.yaml");

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup<Rule> {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** A case of `promtool test rules`. */
export interface RuleCase {
  readonly name: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
  }[];
}

export function readRecordingRules(): readonly RuleGroup<RecordingRule>[] {
  return parse(readFileSync(recordingFile, "utf8")).groups;
}

export function readAlerts(): readonly RuleGroup<Alert>[] {
  return parse(readFileSync(alertsFile, "utf8")).groups;
}

/** The paths of the files with cases. */
export function caseFiles(): readonly string[] {
  return readdirSync(join(folder, "tests")).map((name) => join(folder, "tests", name));
}

export function readCases(): readonly RuleCase[] {
  return caseFiles().flatMap((path) => parse(readFileSync(path, "utf8")).tests as RuleCase[]);
}
