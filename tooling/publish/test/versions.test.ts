import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { packagesIn, root } from "../src/workspace.ts";
import { run } from "./run.ts";

const changesets = dirname(createRequire(import.meta.url).resolve("@changesets/cli/package.json"));
const packages = packagesIn();

interface Copy {
  readonly folder: string;
  change(name: string, bumps: Readonly<Record<string, string>>, text: string): void;
  /** What `changeset version` makes of the packages' versions. */
  version(): Promise<Readonly<Record<string, string>>>;
}

/** What of the repository says what is released, as a repository of its own. */
async function copyOfRepository(): Promise<Copy> {
  const folder = mkdtempSync(join(tmpdir(), "versions-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of ["package.json", "pnpm-workspace.yaml", ".changeset"]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  for (const { folder: own } of [...packages, ...packagesIn("apps"), ...packagesIn("tooling")]) {
    mkdirSync(join(folder, own), { recursive: true });
    cpSync(join(root, own, "package.json"), join(folder, own, "package.json"));
  }
  const git = (...args: string[]): Promise<string> =>
    run(folder, "git", ["-c", "user.name=Sample", "-c", "user.email=sample@example.com", ...args]);
  await git("init", "--quiet", "--initial-branch=main");
  const commit = async (): Promise<void> => {
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", "--message=A sample");
  };
  return {
    folder,
    change(name, bumps, text) {
      const head = Object.entries(bumps).map(([each, bump]) => `"@grpc-kit/${each}": ${bump}\n`);
      writeFileSync(join(folder, `.changeset/${name}.md`), `---\n${head.join("")}---\n\n${text}\n`);
    },
    async version() {
      await commit();
      await run(folder, process.execPath, [join(changesets, "bin.js"), "version"]);
      await commit();
      const read = (own: string) =>
        JSON.parse(readFileSync(join(folder, own, "package.json"), "utf8"));
      return Object.fromEntries(
        packages.map(({ folder: own }) => [own.replace("packages/", ""), read(own).version]),
      );
    },
  };
}

function changelog({ folder }: Copy, name: string): string {
  const path = join(folder, "packages", name, "CHANGELOG.md");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

it("bumps by what the changesets at hand say, and uses them up", async () => {
  const copy = await copyOfRepository();
  copy.change("sample", { "grpc-status": "minor" }, "A sample of a feature.");
  const before = Object.fromEntries(
    packages.map(({ manifest }) => [manifest.name, manifest.version]),
  );
  const after = await copy.version();
  expect(after["grpc-status"]).not.toBe(before["@grpc-kit/grpc-status"]);
  expect(changelog(copy, "grpc-status")).toContain("A sample of a feature.");
  expect(readdirSync(join(copy.folder, ".changeset"))).toEqual(["config.json"]);
});

it("bumps the dependents of a package by a patch where their range leaves the new version out", async () => {
  const copy = await copyOfRepository();
  const first = await copy.version();
  copy.change("fix", { "grpc-health": "patch" }, "A sample of a fix.");
  const second = await copy.version();
  const [major, minor, patch] = (first["grpc-health"] ?? "").split(".").map(Number);
  expect(second).toEqual({ ...first, "grpc-health": `${major}.${minor}.${Number(patch) + 1}` });
  expect(changelog(copy, "grpc-health")).toContain("### Patch Changes\n\n- ");

  copy.change("break", { "grpc-context": "major" }, "A sample of a break.");
  const third = await copy.version();
  expect(third["grpc-context"]).toBe("1.0.0");
  const bumped = Object.keys(third).filter((name) => third[name] !== second[name]);
  const dependents = packages.filter(
    ({ manifest }) => "@grpc-kit/grpc-context" in (manifest.dependencies ?? {}),
  );
  expect(bumped.sort()).toEqual(
    ["grpc-context", ...dependents.map(({ folder }) => folder.replace("packages/", ""))].sort(),
  );
  expect(changelog(copy, "grpc-server")).toContain("@grpc-kit/grpc-context@1.0.0");
});
