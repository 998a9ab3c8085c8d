import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { quickstart, runQuickstart } from "@grpc-kit/testing/readme";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  importedPackages,
  optionalPeers,
  type Package,
  packagesIn,
  root,
} from "../src/workspace.ts";
import { type Figures, figuresTable, measure } from "./figures.ts";
import { runAsCommonJs, runAsModule } from "./quick-start.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { run } from "./run.ts";

const packages = packagesIn();
const allOptionalPeers = new Set(packages.flatMap(optionalPeers));
const tsc = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);
const scratch = mkdtempSync(join(tmpdir(), "publish-"));
const tarballs = new Map<string, { readonly file: string; readonly paths: readonly string[] }>();
const figures: Figures[] = [];
let registry: Registry;

/** An empty project. What TypeScript needs of Node.js is in a folder above it, so that its own has our packages alone. */
function project(name: string): string {
  const folder = join(scratch, "projects", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  return folder;
}

function tarballOf({ manifest }: Package): {
  readonly file: string;
  readonly paths: readonly string[];
} {
  const tarball = tarballs.get(manifest.name);
  if (tarball === undefined) {
    throw new Error(`${manifest.name} was not packed`);
  }
  return tarball;
}

/**
 * The lines that a run prints, without what differs from run to run: times, ids, ports, tokens; and their order, since a
 * log goes its own way.
 */
function withoutVariables(output: string): string[] {
  return output
    .replaceAll(/[\w.:+/=-]*\d[\w.:+/=-]*/g, "#")
    .trim()
    .split("\n")
    .sort();
}

function installedIn(folder: string): string[] {
  return readdirSync(join(folder, "node_modules"))
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(folder, "node_modules", name)).map((own) => `${name}/${own}`)
        : [name],
    );
}

beforeAll(async () => {
  registry = await startRegistry(scratch);
  const destination = join(scratch, "tarballs");
  for (const { folder, manifest } of packages) {
    const report = await run(join(root, folder), "pnpm", [
      "pack",
      "--json",
      "--pack-destination",
      destination,
    ]);
    const { filename, files } = JSON.parse(report.slice(report.indexOf("{")));
    const file = join(destination, basename(filename));
    tarballs.set(manifest.name, { file, paths: files.map(({ path }: { path: string }) => path) });
    // Where it comes from can be proved in a release workflow only.
    await registry.npm(scratch, "publish", file, "--provenance=false");
  }
  await registry.npm(project("."), "install", "@types/node");
}, 120_000);

afterAll(() => {
  registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe.each(packages)("$manifest.name, installed by npm in an empty folder", (own) => {
  const { manifest } = own;
  const name = manifest.name.replace("@grpc-kit/", "");

  it("H6: brings nobody's optional peers, and each entry loads or names the peer that it needs", async () => {
    const folder = project(`${name}-alone`);
    await registry.npm(folder, "install", manifest.name);
    expect(installedIn(folder)).toContain(manifest.name);
    expect(installedIn(folder).filter((each) => allOptionalPeers.has(each))).toEqual([]);

    const entries = Object.keys(manifest.exports ?? {})
      .filter((entry) => !entry.endsWith(".json"))
      .map((entry) => manifest.name + entry.slice(1));
    const code = `for (const entry of ${JSON.stringify(entries)}) {
      await import(entry).catch((error) => console.log(\`\${error.code} \${/'([^']+)'/.exec(error.message)?.[1]}\`));
    }`;
    const printed = await run(folder, process.execPath, ["--input-type=module", "--eval", code]);
    const allowed = optionalPeers(own).map((peer) => `ERR_MODULE_NOT_FOUND ${peer}`);
    expect(printed.split("\n").filter((line) => line !== "" && !allowed.includes(line))).toEqual(
      [],
    );
    const main = entries.includes(manifest.name) ? manifest.name : (entries[0] ?? "");
    figures.push(await measure(folder, main, manifest.name, tarballOf(own).file));
  }, 60_000);

  it("H6: runs its quick start as a module and by require, and type-checks", async () => {
    const code = quickstart(join(root, own.folder));
    const folder = project(name);
    await registry.npm(folder, "install", manifest.name, ...importedPackages(code));
    const printed = withoutVariables(await runQuickstart(join(root, own.folder)));
    expect(printed).not.toEqual([""]);
    expect(withoutVariables(await runAsModule(folder, tsc, code))).toEqual(printed);
    expect(withoutVariables(await runAsCommonJs(folder, tsc, code))).toEqual(printed);
  }, 60_000);

  it("H5: has in its tarball what it runs, its sources, README and LICENSE, and nothing else", () => {
    const { paths } = tarballOf(own);
    const rest = paths.filter(
      (path) =>
        !/^(dist\/.*\.(js|d\.ts)(\.map)?|src\/.*\.ts|docs\/.*\.md|bin\/.*|package\.json|README\.md|LICENSE)$/.test(
          path,
        ) || /\.test\.ts$|(^|\/)test\//.test(path),
    );
    expect(rest).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE"]));
  });
});

it("tells what each package weighs, and how long it takes to import", () => {
  process.stdout.write(`${figuresTable(figures)}\n`);
  expect(figures.map(({ name }) => name)).toEqual(packages.map(({ manifest }) => manifest.name));
});

it("H5: no tarball is larger than 300 KB", () => {
  const kilobytes = packages.map((own) => statSync(tarballOf(own).file).size / 1024);
  expect(kilobytes.filter((size) => size > 300)).toEqual([]);
});
