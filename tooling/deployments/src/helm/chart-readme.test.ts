import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { chartFolder, findHelm } from "../manifests/run-helm.ts";
import { defaultValues, hasHelm } from "./chart-variants.ts";
import { pathsOfValues } from "./values-schema.ts";

describe("the chart's README", () => {
  const readme = readFileSync(join(chartFolder, "README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `([\w.]+)` \| (.*?) ?\| .*\|$/gm)].map(
    ([, path = "", value = ""]) => [path, value] as const,
  );
  const values = defaultValues();

  it("has each value of values.yaml, and no other", () => {
    const paths = pathsOfValues(values);
    const leaves = paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`)));
    expect(rows.map(([path]) => path).toSorted()).toEqual(leaves.toSorted());
  });

  it("has their defaults", () => {
    for (const [path, told] of rows) {
      const value = valueAt(values, path);
      const isLong = typeof value === "object" && JSON.stringify(value).length > 2;
      // What takes lines of YAML is told in words.
      expect(told, path).toMatch(isLong ? /\w/ : /^(`.*`)?$/);
      if (!isLong) {
        expect(told, path).toBe(value === "" ? "" : `\`${textOf(value)}\``);
      }
    }
  });

  it("has the sum of the times as the chart checks it", () => {
    const { preStopSeconds, drainDelayMs, graceMs, terminationGracePeriodSeconds } = valueAt(
      values,
      "lifecycle",
    ) as Readonly<Record<string, number>>;
    const times = [preStopSeconds, Number(drainDelayMs) / 1_000, Number(graceMs) / 1_000, 5];
    const sum = times.map((seconds) => `${seconds} s`).join(" + ");
    const line = `${sum} ≤ ${terminationGracePeriodSeconds} s`;
    expect(readme.replaceAll(/ +/g, " ")).toContain(line);
  });
});

describe.skipIf(!hasHelm())("the command of deployments/README.md", () => {
  it("is one that the chart takes", async () => {
    const workspace = join(chartFolder, "../../..");
    const readme = readFileSync(join(workspace, "deployments/README.md"), "utf8");
    const [, command = ""] =
      /^helm upgrade --install (item-service (?:.*\\\n)*.*)$/m.exec(readme) ?? [];
    const words = command
      .replaceAll("\\\n", " ")
      .split(/\s+/)
      .filter((word) => word !== "--wait");
    expect(words).toContain("--set");
    const { stdout } = await promisify(execFile)(
      findHelm() ?? "",
      ["template", ...words, "--kube-version=1.31.0"],
      { cwd: workspace },
    );
    expect(stdout).toContain("kind: Deployment");
  });
});

function valueAt(values: Readonly<Record<string, unknown>>, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], values);
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
