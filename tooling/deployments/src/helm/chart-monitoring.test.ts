import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ofKind, onlyOf } from "../manifests/kinds.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { apiVersions, hasHelm, leastValues } from "./chart-variants.ts";
import { selects } from "./selection.ts";

const rules = join(import.meta.dirname, "../../../../deployments/prometheus");

describe.skipIf(!hasHelm())("monitoring by the chart", () => {
  it("has the rules as they stand in deployments/prometheus", async () => {
    const manifests = await helmTemplate({
      set: { ...leastValues, prometheusRule: { enabled: true, labels: { release: "p" } } },
      apiVersions,
    });
    const { metadata, spec } = onlyOf(manifests, "PrometheusRule");
    expect(metadata.labels).toMatchObject({ release: "p" });
    const files = ["recording", "alerts"].map((name) => {
      return parse(readFileSync(join(rules, `item-service.${name}.yaml`), "utf8"));
    });
    expect(spec.groups).toEqual(files.flatMap(({ groups }) => groups));
    expect(spec.groups?.map(({ name }) => name)).toContain("item-service.alerts");
  });

  it("scrapes each pod once, as the job that the rules are for", async () => {
    const set = { ...leastValues, serviceMonitor: { enabled: true, labels: { release: "p" } } };
    const manifests = await helmTemplate({ set, apiVersions });
    const { metadata, spec } = onlyOf(manifests, "ServiceMonitor");
    expect(metadata.labels).toMatchObject({ release: "p" });
    const [service, ...more] = ofKind(manifests, "Service").filter((it) => {
      return selects(spec.selector.matchLabels, it.metadata.labels);
    });
    expect(more).toEqual([]);
    expect(service?.metadata.labels?.[spec.jobLabel ?? ""]).toBe("item-service");
    expect(spec.endpoints).toMatchObject([
      { port: "http-admin", path: "/metrics", scheme: "http" },
    ]);
  });

  it("scrapes with a certificate of the mesh, where nothing else gets through", async () => {
    const tlsConfig = { caFile: "/certs/root.pem", insecureSkipVerify: true };
    const serviceMonitor = { enabled: true, scheme: "https", tlsConfig };
    const manifests = await helmTemplate({ set: { ...leastValues, serviceMonitor }, apiVersions });
    expect(onlyOf(manifests, "ServiceMonitor").spec.endpoints).toMatchObject([
      { scheme: "https", tlsConfig },
    ]);
  });

  it("is left out unless it is asked for, since its kinds are not Kubernetes' own", async () => {
    const kinds = (await helmTemplate({ set: leastValues })).map(({ kind }) => kind);
    expect(kinds).not.toContain("ServiceMonitor");
    expect(kinds).not.toContain("PrometheusRule");
  });
});
