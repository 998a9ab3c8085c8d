import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { onlyOf, workloadOf } from "../manifests/kinds.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { mergeValues } from "./chart-values.ts";
import { hasHelm, leastValues } from "./chart-variants.ts";

describe.skipIf(!hasHelm())("a rollout", () => {
  it("comes of a changed setting, and not of another number of pods", async () => {
    const before = await templateWith({});
    expect(await templateWith({ logLevel: "debug" })).not.toEqual(before);
    expect(await templateWith({ settings: { DATABASE_POOL_MAX: "5" } })).not.toEqual(before);
    expect(await templateWith({ replicaCount: 5 })).toEqual(before);
    expect(await templateWith({ autoscaling: { enabled: true } })).toEqual(before);
  });

  it("does not undo what the autoscaler has chosen", async () => {
    const set = { ...leastValues, autoscaling: { enabled: true } };
    const manifests = await helmTemplate({ set });
    expect(onlyOf(manifests, "Deployment").spec).not.toHaveProperty("replicas");
    const { minReplicas, behavior } = onlyOf(manifests, "HorizontalPodAutoscaler").spec ?? {};
    expect(minReplicas).toBe(2);
    expect(behavior?.scaleDown?.stabilizationWindowSeconds).toBe(300);
    const fixed = await helmTemplate({ set: leastValues });
    expect(onlyOf(fixed, "Deployment").spec?.replicas).toBe(2);
  });

  it("leaves a sidecar as long as the service", async () => {
    const lifecycle = { drainDelayMs: 7_000, graceMs: 40_000, terminationGracePeriodSeconds: 60 };
    const set = { ...leastValues, istio: { inject: true }, lifecycle };
    const { pod } = workloadOf(await helmTemplate({ set }));
    expect(pod.labels["sidecar.istio.io/inject"]).toBe("true");
    const proxy = parse(pod.annotations["proxy.istio.io/config"] ?? "");
    const drainSeconds = Number.parseInt(proxy.terminationDrainDuration, 10);
    expect(drainSeconds).toBeGreaterThanOrEqual(47);
    expect(drainSeconds).toBeLessThan(60);
    expect(proxy.holdApplicationUntilProxyStarts).toBe(true);
    expect(proxy.proxyMetadata.EXIT_ON_ZERO_ACTIVE_CONNECTIONS).toBe("true");
  });
});

async function templateWith(values: Readonly<Record<string, unknown>>): Promise<unknown> {
  const manifests = await helmTemplate({ set: mergeValues(leastValues, values) });
  return onlyOf(manifests, "Deployment").spec?.template;
}
