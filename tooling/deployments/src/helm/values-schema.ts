import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chartFolder } from "../manifests/run-helm.ts";

/** As much of JSON Schema as the chart uses for objects: https://json-schema.org/draft-07 */
export interface ValuesSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, ValuesSchema>>;
  readonly additionalProperties?: boolean | ValuesSchema;
}

/** A value by its path, as in "image.tag". */
export type ValuePath = readonly [path: string, schema: ValuesSchema];

/** The chart's values.schema.json. */
export function readValuesSchema(): ValuesSchema {
  return JSON.parse(readFileSync(join(chartFolder, "values.schema.json"), "utf8"));
}

/** All values that a schema knows, those that hold others included. */
export function pathsOfSchema(schema: ValuesSchema, prefix = ""): readonly ValuePath[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]): readonly ValuePath[] => {
    const path = `${prefix}${name}`;
    return [[path, inner], ...pathsOfSchema(inner, `${path}.`)];
  });
}

/** All values that there are, those that hold others included. */
export function pathsOfValues(values: object, prefix = ""): readonly string[] {
  return Object.entries(values).flatMap(([name, value]: [string, unknown]) => {
    const path = `${prefix}${name}`;
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return [path, ...(isMap ? pathsOfValues(value, `${path}.`) : [])];
  });
}

/** An object in which each path has its value. */
export function valuesOf(entries: readonly (readonly [path: string, value: unknown])[]): object {
  const root: Record<string, unknown> = {};
  for (const [path, value] of entries) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let part = root;
    for (const key of keys) {
      part[key] ??= {};
      part = part[key] as Record<string, unknown>;
    }
    part[last] = value;
  }
  return root;
}

/** What Helm says when the schema refuses a value, "" being all values: in the words of Helm before 3.18 and since. */
export function refusalOf(path: string): RegExp {
  const pointer = path.replace(/^(?=.)/, "/").replaceAll(".", "/");
  return new RegExp(`^\\s*- (${path || "\\(root\\)"}|at '${pointer}'): .*`, "m");
}
