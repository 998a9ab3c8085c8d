import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { findProgram } from "../find-program.ts";
import { type Manifest, parseManifests } from "../manifests/manifest.ts";
import { schemaFaults } from "../manifests/schema-faults.ts";
import { istioFolder, readIstioFiles, specOf } from "./istio-files.ts";

const kubectl = findProgram("kubectl");
if (kubectl === undefined) {
  process.stderr.write(
    "Skipped: kustomizations are not built without kubectl, https://kubernetes.io/docs/tasks/tools/\n",
  );
}

function build(folder: string): readonly Manifest[] {
  const output = execFileSync(kubectl ?? "kubectl", ["kustomize", folder], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return parseManifests(output, "kubectl kustomize");
}

/** Of the README, the kustomization of somebody else. */
function readOverlay(): string {
  const readme = readFileSync(join(istioFolder, "README.md"), "utf8");
  return /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "";
}

describe("kustomization.yaml", () => {
  it("has every manifest of its folder", () => {
    const text = readFileSync(join(istioFolder, "kustomization.yaml"), "utf8");
    const files = readdirSync(istioFolder).filter((file) => file.endsWith(".yaml"));
    expect([...parse(text).resources, "kustomization.yaml"].sort()).toEqual(files.sort());
  });

  it.skipIf(kubectl === undefined)("applies the manifests as they are", () => {
    const built = build(istioFolder);
    expect(built).toHaveLength(readIstioFiles().length);
    expect(built).toEqual(expect.arrayContaining([...readIstioFiles()]));
  });

  it.skipIf(kubectl === undefined)("can be changed as the README shows", async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "istio-overlay-")));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const here = relative(folder, realpathSync(istioFolder));
    const overlay = readOverlay().replace("../../deployments/istio/grpc", here);
    writeFileSync(join(folder, "kustomization.yaml"), overlay);
    const built = build(folder);
    expect(await schemaFaults(built)).toEqual([]);
    expect(new Set(built.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["orders"]));
    expect(specOf(built, "RequestAuthentication")).toMatchObject({
      jwtRules: [{ issuer: "https://login.acme.test", forwardOriginalToken: true }],
    });
    // What names the old namespace in its text would be forgotten.
    const old = built.filter((manifest) => JSON.stringify(manifest).includes("ns/shop/"));
    expect(old).toEqual([]);
    expect(specOf(built, "VirtualService")).toEqual(specOf(readIstioFiles(), "VirtualService"));
  });
});
