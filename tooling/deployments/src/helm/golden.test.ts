import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Manifest } from "../manifests/manifest.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { chartVariants, hasHelm } from "./chart-variants.ts";

/** The defaults, a certificate of the service's own, and everything on. */
const kept = ["postgres", "tls", "full"];

describe.skipIf(!hasHelm())("what the chart renders", () => {
  it.each(chartVariants().filter(({ name }) => kept.includes(name)))(
    "is as it was with ci/$name-values.yaml; `vitest run -u` takes what is meant to be new",
    async ({ name, options }) => {
      const manifests = await helmTemplate(options);
      await expect(toText(manifests)).toMatchFileSnapshot(
        join(import.meta.dirname, "golden", `${name}.yaml`),
      );
    },
  );
});

/** In an order of its own: that of Helm changes with its version. The rules are those of deployments/prometheus. */
function toText(manifests: readonly Manifest[]): string {
  return manifests
    .filter(({ kind }) => kind !== "PrometheusRule")
    .map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, stringify(manifest)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, text]) => text)
    .join("---\n");
}
