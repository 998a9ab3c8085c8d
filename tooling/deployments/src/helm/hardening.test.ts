import { beforeAll, describe, expect, it } from "vitest";
import { changeAt } from "../manifests/change-at.ts";
import { onlyOf, workloadOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { chartVariants, hasHelm } from "./chart-variants.ts";
import { hardeningFaults } from "./hardening-faults.ts";

const pod = "/spec/template/spec";
const container = `${pod}/containers/0`;
const context = `${container}/securityContext`;

describe.skipIf(!hasHelm()).each(chartVariants())(
  "H11: with ci/$name-values.yaml",
  ({ options, values }) => {
    it("no pod has more rights than it needs, and nothing has a secret in it", async () => {
      expect(hardeningFaults(await helmTemplate(options))).toEqual([]);
    });

    it("probes ask different services", async () => {
      const { container } = workloadOf(await helmTemplate(options));
      const { startupProbe, livenessProbe, readinessProbe } = container;
      const asked = [startupProbe, livenessProbe, readinessProbe].map((probe) =>
        JSON.stringify(probe?.grpc ?? probe?.exec ?? probe?.httpGet),
      );
      // Over HTTP there is no path for the start: /readyz says it.
      const isHttp = startupProbe?.httpGet !== undefined;
      expect(new Set(asked).size).toBe(isHttp ? 2 : 3);
      expect(asked[1]).not.toBe(asked[2]);
      expect(startupProbe?.grpc !== undefined).toBe(values.transport.mode !== "tls");
    });

    it("a pod that goes has time for preStop, the drain and the grace", async () => {
      const { container, pod } = workloadOf(await helmTemplate(options));
      const { preStop } = container.lifecycle ?? {};
      const { drainDelayMs, graceMs, preStopSeconds } = values.lifecycle;
      expect(preStop?.sleep?.seconds ?? preStop?.exec?.command).toBeDefined();
      const needed = preStopSeconds + (drainDelayMs + graceMs) / 1_000 + 5;
      expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed);
    });

    it("a node is drained and a version rolled out without an outage", async () => {
      const manifests = await helmTemplate(options);
      expect(onlyOf(manifests, "PodDisruptionBudget").spec).toMatchObject({
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: "AlwaysAllow",
      });
      const { spec } = onlyOf(manifests, "Deployment");
      expect(spec?.minReadySeconds).toBeGreaterThanOrEqual(10);
      const isSqlite = values.database.type === "sqlite";
      expect(spec?.strategy).toMatchObject(
        isSqlite
          ? { type: "Recreate" }
          : { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } },
      );
    });
  },
);

describe.skipIf(!hasHelm())("H11: hardeningFaults", () => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await helmTemplate(chartVariants()[0]?.options);
  });

  it.each([
    ["Deployment", `${pod}/securityContext/runAsNonRoot`, false, "another than root"],
    ["Deployment", `${pod}/securityContext/runAsUser`, 0, "another than root"],
    ["Deployment", `${pod}/securityContext/seccompProfile`, undefined, "seccomp"],
    ["Deployment", `${pod}/automountServiceAccountToken`, undefined, "must not mount a token"],
    ["Deployment", `${pod}/enableServiceLinks`, undefined, "Services of its namespace"],
    ["Deployment", `${pod}/hostNetwork`, true, "must not share"],
    ["Deployment", `${pod}/volumes/0`, { name: "tmp", hostPath: { path: "/tmp" } }, "host's"],
    ["Deployment", `${pod}/volumes/0/emptyDir`, {}, "must limit what it writes"],
    ["Deployment", `${context}/allowPrivilegeEscalation`, undefined, "gain privileges"],
    ["Deployment", `${context}/privileged`, true, "gain privileges"],
    ["Deployment", `${context}/readOnlyRootFilesystem`, undefined, "write to its image"],
    ["Deployment", `${context}/capabilities/drop`, ["NET_RAW"], "drop all"],
    ["Deployment", `${context}/capabilities/add`, ["NET_ADMIN"], "drop all"],
    ["Deployment", `${context}/runAsUser`, 0, "must not be root"],
    ["Deployment", `${container}/resources/requests`, undefined, "request cpu"],
    ["Deployment", `${container}/resources/limits`, undefined, "limit memory"],
    ["Deployment", `${container}/image`, "item-service:latest", "one version"],
    ["Deployment", `${container}/image`, "registry:5000/item-service", "one version"],
    ["ServiceAccount", "/automountServiceAccountToken", undefined, "without a token"],
    ["NetworkPolicy", "/spec/policyTypes", ["Ingress"], "for both directions"],
    ["NetworkPolicy", "/spec/ingress/0/from", [], "who may come in"],
    ["NetworkPolicy", "/spec/ingress/0/ports", undefined, "who may come in"],
    ["NetworkPolicy", "/spec/egress", [{}], "where it goes"],
    ["PodDisruptionBudget", "/kind", "Budget", "PodDisruptionBudget"],
    ["ConfigMap", "/kind", "Secret", "no Secret"],
    ["ConfigMap", "/data/DATABASE_URL", "postgres://a:b@c/d", "plain text"],
    ["ConfigMap", "/data/KEY", "-----BEGIN PRIVATE KEY-----", "plain text"],
    ["Pod", "/spec/containers/0/securityContext", {}, "probe: must not gain"],
  ])("finds %s %s = %j", (kind, path, value, message) => {
    const changed = manifests.map((it) => (it.kind === kind ? changeAt(it, path, value) : it));
    expect(hardeningFaults(changed).join("\n")).toContain(message);
  });
});
