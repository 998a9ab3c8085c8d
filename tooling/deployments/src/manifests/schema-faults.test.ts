import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeAt } from "./change-at.ts";
import { type Manifest, readManifests } from "./manifest.ts";
import { schemaFaults } from "./schema-faults.ts";

const good = readManifests(join(import.meta.dirname, "fixtures/good.yaml"));

const container = "/spec/template/spec/containers/0";

/** Kind, path of the field, what it is set to (undefined: taken out), and what must be said. */
const wrong: readonly (readonly [string, string, unknown, string])[] = [
  ["ServiceAccount", "/automountServiceAccountToken", "no", "must be boolean"],
  ["ServiceAccount", "/automountToken", false, "is not a field"],
  ["ConfigMap", "/data/LOG_LEVEL", 5, "must be string"],
  ["ConfigMap", "/dta", {}, "is not a field"],
  ["PersistentVolumeClaim", "/spec/accessModes", "ReadWriteOnce", "must be array"],
  ["PersistentVolumeClaim", "/spec/resources/request", {}, "is not a field"],
  ["Service", "/spec/type", "ClusterIp", "one of the allowed values: ClusterIP"],
  ["Service", "/spec/ports/0/port", "50051", "must be integer"],
  ["Service", "/spec/ports/0/port", undefined, "must have required property port"],
  ["Service", "/spec/ports/0/appProtcol", "grpc", "is not a field"],
  ["Deployment", "/spec/selector", undefined, "must have required property selector"],
  ["Deployment", "/spec/replicas", "2", "must be integer"],
  ["Deployment", "/spec/strategy/type", "Rolling", "one of the allowed values"],
  ["Deployment", `${container}/startupProbe/grpc/port`, "grpc-api", "must be integer"],
  ["Deployment", `${container}/startupProbe/grpc/servce`, "startup", "is not a field"],
  ["Deployment", `${container}/lifecycle/preStop/sleep/secs`, 5, "is not a field"],
  ["Deployment", `${container}/imagePullPolicy`, "Sometimes", "one of the allowed values"],
  ["Deployment", `${container}/env/0/value`, 5, "must be string"],
  ["Deployment", `${container}/name`, undefined, "must have required property name"],
  ["Deployment", `${container}/resources/limits/memory`, "half", "must match"],
  // A validator that finds nothing of what it looks for.
  ["Deployment", "/spec/template/spec/volumes/0/emptyDir", { limit: "1Gi" }, "emptyDir/limit is"],
  ["Deployment", `${container}/securityContext`, { readOnly: true }, "securityContext/readOnly is"],
  ["Pod", "/spec/restartPolicy", "Sometimes", "one of the allowed values"],
  ["Pod", "/spec/containers", undefined, "must have required property containers"],
  ["HorizontalPodAutoscaler", "/spec/maxReplicas", undefined, "must have required property"],
  ["HorizontalPodAutoscaler", "/spec/metrics/0/type", 5, "must be string"],
  ["HorizontalPodAutoscaler", "/spec/behavior/scaleDown/window", 5, "is not a field"],
  ["PodDisruptionBudget", "/spec/maxUnavailable", true, "must be"],
  ["PodDisruptionBudget", "/spec/unhealthyPodEviction", "AlwaysAllow", "is not a field"],
  ["NetworkPolicy", "/spec/policyTypes/0", "In", "one of the allowed values"],
  ["NetworkPolicy", "/spec/ingress/0/ports/0/prt", 5, "is not a field"],
  ["ServiceMonitor", "/spec/selector", undefined, "must have required property selector"],
  ["ServiceMonitor", "/spec/endpoints/0/interval", "30 s", "must match pattern"],
  ["ServiceMonitor", "/spec/endpoints/0/targtPort", 5, "is not a field"],
  ["PrometheusRule", "/spec/groups/0/name", undefined, "must have required property name"],
  ["PrometheusRule", "/spec/groups/0/rules/0/fr", "5m", "is not a field"],
  ["PrometheusRule", "/spec/groups/0/rules/0/for", "5 min", "must match pattern"],
  ["VirtualService", "/spec/http/0/retries/attempts", "2", "must be integer"],
  ["VirtualService", "/spec/http/0/retries/retry", "x", "is not a field"],
  ["VirtualService", "/spec/http/0/route/0/destination/host", undefined, "required property"],
  ["DestinationRule", "/spec/trafficPolicy/loadBalancer/simple", "LEAST", "allowed values"],
  ["DestinationRule", "/spec/trafficPolicy/outlierDetection/intervall", "5s", "is not a field"],
  ["DestinationRule", "/spec/host", undefined, "must have required property host"],
  ["PeerAuthentication", "/spec/mtls/mode", "strict", "one of the allowed values"],
  ["PeerAuthentication", "/spec/mtls/mod", "STRICT", "is not a field"],
  ["AuthorizationPolicy", "/spec/action", "PERMIT", "one of the allowed values"],
  ["AuthorizationPolicy", "/spec/rules/0/to/0/operation/path", [], "is not a field"],
  ["AuthorizationPolicy", "/spec/rules/0/from/0/source/principals", "a", "must be array"],
  ["RequestAuthentication", "/spec/jwtRules/0/issuer", "", "must NOT be shorter than 1"],
  ["RequestAuthentication", "/spec/jwtRules/0/forwardToken", true, "is not a field"],
];

describe("schemaFaults", () => {
  it("finds none in good manifests", async () => {
    expect(await schemaFaults(good)).toEqual([]);
    expect(new Set(good.map(({ kind }) => kind))).toEqual(new Set(wrong.map(([kind]) => kind)));
  });

  it.each(wrong)("%s: %s = %j %s", async (kind, path, value, message) => {
    const manifest = changeAt(ofKind(kind), path, value);
    const said = value === undefined ? path.slice(0, path.lastIndexOf("/")) : path;
    const faults = await schemaFaults([manifest]);
    expect(faults[0]).toContain(`${kind} ${manifest.metadata.name}: ${said}`);
    expect(faults.join("\n")).toContain(message);
  });

  it.each([
    ["v1", "Sevice"],
    ["v2", "Service"],
    ["apps/v1beta9", "Deployment"],
    ["networking.istio.io/v9", "VirtualService"],
    ["example.com/v1", "Service"],
    ["../kubernetes-models/v1", "Service"],
    // A part of an object, which has a schema as well.
    ["v1", "PodSpec"],
  ])("refuses the unknown %s %s", async (apiVersion, kind) => {
    const manifest = { apiVersion, kind, metadata: { name: "items" } };
    expect(await schemaFaults([manifest])).toEqual([
      `${kind} items: /kind must be known in ${apiVersion}, got ${kind}`,
    ]);
  });

  it("finds an unknown key wherever it is put, but in what may have any", async () => {
    const places = good.flatMap((manifest) => objectsOf(manifest).map((path) => [manifest, path]));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(places as [Manifest, string[]][])),
        fc.stringMatching(/^[a-z]{3,8}Q[a-z]{3,8}$/),
        fc.oneof(fc.string(), fc.integer(), fc.constant({}), fc.constant([])),
        async ([manifest, path], key, value) => {
          const at = ["", ...path, key].join("/");
          const faults = await schemaFaults([changeAt(manifest, at, value)]);
          const name = `${manifest.kind} ${manifest.metadata.name}`;
          expect(faults).toEqual([`${name}: ${at} is not a field of the schema`]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function ofKind(kind: string): Manifest {
  const manifest = good.find((candidate) => candidate.kind === kind);
  if (manifest === undefined) {
    throw new Error(`fixtures/good.yaml has no ${kind}`);
  }
  return manifest;
}

/** Maps, whose keys are the user's. */
const maps = new Set(["labels", "annotations", "data", "matchLabels", "selector"]);
const quantities = new Set(["requests", "limits"]);

function objectsOf(value: object, path: readonly string[] = []): readonly (readonly string[])[] {
  const key = path.at(-1) ?? "";
  const isMap = maps.has(key) && Object.values(value).every((part) => typeof part === "string");
  const inner = Object.entries(value).flatMap(([name, part]) =>
    typeof part === "object" ? objectsOf(part, [...path, name]) : [],
  );
  return isMap || quantities.has(key) || Array.isArray(value) ? inner : [path, ...inner];
}
