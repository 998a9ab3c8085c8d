import { beforeAll, describe, expect, it } from "vitest";
import { ofKind, onlyOf, podsOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { nameFaults } from "../manifests/name-faults.ts";
import { helmLint, helmTemplate } from "../manifests/run-helm.ts";
import { schemaFaults } from "../manifests/schema-faults.ts";
import { chartVariants, hasHelm, leastValues, textsIn } from "./chart-variants.ts";
import { selects } from "./selection.ts";
import { wiringFaults } from "./wiring-faults.ts";

const standardLabels = [
  "app.kubernetes.io/instance",
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/name",
  "app.kubernetes.io/version",
  "helm.sh/chart",
];

describe.skipIf(!hasHelm())("the chart", () => {
  describe.each(chartVariants())("with ci/$name-values.yaml", ({ options, values }) => {
    let manifests: readonly Manifest[];
    beforeAll(async () => {
      manifests = await helmTemplate(options);
    });

    it("passes helm lint", async () => {
      await helmLint(options);
    });

    it("has no faults of schema, names or wiring", async () => {
      expect(await schemaFaults(manifests)).toEqual([]);
      expect(nameFaults(manifests)).toEqual([]);
      expect(wiringFaults(manifests, new Set(textsIn(values)))).toEqual([]);
    });

    it("has the standard labels, in the namespace of the release", () => {
      for (const { metadata } of manifests) {
        expect(Object.keys(metadata.labels ?? {})).toEqual(expect.arrayContaining(standardLabels));
        expect(metadata.namespace ?? "shop").toBe("shop");
      }
    });

    it("has no field without a value", () => {
      expect(JSON.stringify(manifests)).not.toMatch(/:null|<no value>|%!/);
    });

    it("lets helm test in where it asks", () => {
      const [test, ...more] = ofKind(manifests, "Pod");
      const { args = [], command = args } = test?.spec?.containers[0] ?? {};
      const port = Number(/item-service(?:-headless)?:(\d+)/.exec(command.join(" "))?.[1]);
      const { ingress = [] } = onlyOf(manifests, "NetworkPolicy").spec ?? {};
      const allowed = ingress.filter(({ from = [] }) =>
        from.some((it) => selects(it.podSelector?.matchLabels, test?.metadata.labels)),
      );
      expect(allowed.flatMap(({ ports = [] }) => ports.map((it) => it.port))).toContain(port);
      expect(more).toEqual([]);
      expect(test?.metadata.annotations?.["helm.sh/hook"]).toBe("test");
    });

    it("fits a release with the longest name that Helm takes", async () => {
      const long = await helmTemplate({ ...options, release: "r".repeat(53) });
      expect(nameFaults(long)).toEqual([]);
      expect(wiringFaults(long, new Set(textsIn(values)))).toEqual([]);
      expect(long).toHaveLength(manifests.length);
    });

    it("keeps two releases in one namespace apart", async () => {
      const names = (release: readonly Manifest[]): readonly string[] =>
        release.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      const other = await helmTemplate({ ...options, release: "more" });
      expect(names(other).filter((name) => names(manifests).includes(name))).toEqual([]);
      const [service] = ofKind(other, "Service");
      const [pod] = podsOf(manifests);
      expect(pod?.labels).not.toMatchObject(service?.spec?.selector ?? {});
    });
  });

  it("is named item-service when the release is", async () => {
    const [variant] = chartVariants();
    const manifests = await helmTemplate({ ...variant?.options, release: "item-service" });
    expect(onlyOf(manifests, "Deployment").metadata.name).toBe("item-service");
  });

  it("takes names that YAML would read as numbers or as true", async () => {
    const set = {
      ...leastValues,
      fullnameOverride: "items",
      database: { existingSecret: { name: "1", key: "true" } },
      auth: { ...leastValues.auth, jwksUrl: "", jwks: { configMap: "2" } },
      transport: { mode: "tls", tls: { existingSecret: "3", clientCa: { existingSecret: "4" } } },
      otel: { exporter: "otlp", endpoint: "http://c", headersSecret: { name: "5", key: "6" } },
      serviceAccount: { name: "7" },
      priorityClassName: "8",
    };
    const manifests = await helmTemplate({ set, release: "1e3" });
    expect(await schemaFaults(manifests)).toEqual([]);
  });

  it("leaves users and groups to a platform that chooses them", async () => {
    const podSecurity = { runAsUser: null, runAsGroup: null, fsGroup: null };
    const manifests = await helmTemplate({ set: { ...leastValues, podSecurity } });
    for (const { spec } of podsOf(manifests)) {
      expect(Object.keys(spec.securityContext ?? {}).toSorted()).toEqual([
        "fsGroupChangePolicy",
        "runAsNonRoot",
        "seccompProfile",
      ]);
    }
  });

  it("takes a ServiceAccount that is there", async () => {
    const set = { ...leastValues, serviceAccount: { create: false, name: "users-account" } };
    const manifests = await helmTemplate({ set });
    expect(ofKind(manifests, "ServiceAccount")).toEqual([]);
    expect(wiringFaults(manifests, new Set(["users-account", "database"]))).toEqual([]);
  });

  it("has two Services: one with an address, and one with those of the pods that are ready", async () => {
    const [variant] = chartVariants();
    const manifests = await helmTemplate(variant?.options);
    const [service, headless, ...more] = ofKind(manifests, "Service");
    expect(more).toEqual([]);
    expect(service?.metadata.name).toBe("items-item-service");
    expect(headless?.metadata.name).toBe("items-item-service-headless");
    expect(service?.spec?.clusterIP).toBeUndefined();
    expect(headless?.spec?.clusterIP).toBe("None");
    expect(headless?.spec?.publishNotReadyAddresses ?? false).toBe(false);
    const grpc = { name: "grpc-api", port: 50051, appProtocol: "grpc" };
    expect(service?.spec?.ports).toMatchObject([grpc]);
    expect(headless?.spec?.ports?.[0]).toMatchObject(grpc);
  });
});
