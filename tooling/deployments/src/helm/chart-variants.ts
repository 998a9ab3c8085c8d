import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { chartFolder, findHelm, type HelmTemplateOptions } from "../manifests/run-helm.ts";
import { type ChartValues, mergeValues } from "./chart-values.ts";

export interface ChartVariant {
  /** Of the file, as in "postgres". */
  readonly name: string;
  readonly options: HelmTemplateOptions;
  /** The chart's values with those of the file. */
  readonly values: ChartValues;
}

type Values = Readonly<Record<string, unknown>>;

/** The cluster of the tests has the Prometheus operator. */
export const apiVersions: readonly string[] = ["monitoring.coreos.com/v1"];

/** The least that must be said. */
export const leastValues = {
  auth: {
    issuer: "https://issuer.example",
    audience: "items",
    jwksUrl: "https://issuer.example/jwks.json",
  },
  database: { existingSecret: { name: "database" } },
} as const;

/** The values files of the chart's `ci` folder. */
export function chartVariants(): readonly ChartVariant[] {
  const defaults = defaultValues();
  const files = readdirSync(join(chartFolder, "ci")).toSorted();
  return files.map((file) => {
    const path = join(chartFolder, "ci", file);
    const values = mergeValues(defaults, readValues(path));
    return {
      name: file.replace("-values.yaml", ""),
      options: { values: [path], apiVersions },
      // The chart's schema says that they are.
      values: values as unknown as ChartValues,
    };
  });
}

/** The values that the chart has when nobody says otherwise. */
export function defaultValues(): Values {
  return readValues(join(chartFolder, "values.yaml"));
}

function readValues(path: string): Values {
  return parse(readFileSync(path, "utf8"));
}

/** All texts in a value. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).flatMap(textsIn);
  }
  return typeof value === "string" ? [value] : [];
}

/** Whether tests of the chart can run. Says so if not. */
export function hasHelm(): boolean {
  const isThere = findHelm() !== undefined;
  if (!isThere) {
    process.stderr.write(
      "Tests of the Helm chart are skipped: helm is not installed, https://helm.sh/docs/intro/install/\n",
    );
  }
  return isThere;
}
