import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Manifest, readManifests } from "../manifests/manifest.ts";

/** The folder of the manifests for Istio. */
export const istioFolder: string = join(import.meta.dirname, "../../../../deployments/istio/grpc");

/** The manifests that its kustomization applies. */
export function readIstioFiles(): readonly Manifest[] {
  const text = readFileSync(join(istioFolder, "kustomization.yaml"), "utf8");
  const { resources }: { resources: readonly string[] } = parse(text);
  return resources.flatMap((file) => readManifests(join(istioFolder, file)));
}

/** The spec of the manifest of a kind and name. Throws if there is none. */
export function specOf<Spec>(
  manifests: readonly Manifest[],
  kind: string,
  name = "item-service",
): Spec {
  const found = manifests.find(
    (manifest) => manifest.kind === kind && manifest.metadata.name === name,
  );
  if (found === undefined) {
    throw new Error(`there must be a ${kind} ${name}`);
  }
  return found.spec as Spec;
}
