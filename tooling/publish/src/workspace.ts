import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly repository?: { readonly type: string; readonly url: string; readonly directory: string };
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface Package {
  /** As in "packages/grpc-status". */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The packages that are published, or those of other folders of the workspace. */
export function packagesIn(parent: "packages" | "apps" | "tooling" = "packages"): Package[] {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(parent, name))
    .filter((folder) => readdirSync(join(root, folder)).includes("package.json"))
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}

export function optionalPeers({ manifest }: Package): string[] {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  return Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional);
}

/** The text of "## Install" of a package's README. */
export function installSection(folder: string): string {
  const readme = readFileSync(join(root, folder, "README.md"), "utf8");
  return /\n## Install\n(.*?)\n## /s.exec(readme)?.[1] ?? "";
}

/** The packages that a program imports, without those of Node.js: "zod" of "zod/v4". */
export function importedPackages(code: string): string[] {
  const specifiers = [...code.matchAll(/^(?:import|\}) [^;]*?"([^"]+)";$/gms)].map(
    ([, specifier = ""]) => specifier,
  );
  const names = specifiers
    .filter((specifier) => !specifier.startsWith("node:"))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
  return [...new Set(names)].sort();
}
