import { describe, expect, it } from "vitest";
import { type HelmTemplateOptions, helmTemplate } from "../manifests/run-helm.ts";
import { mergeValues } from "./chart-values.ts";
import { hasHelm, leastValues } from "./chart-variants.ts";
import { refusalOf } from "./values-schema.ts";

const sqlite = { ...leastValues, database: { type: "sqlite" }, replicaCount: 1 };
const sha = "0".repeat(64);

describe.skipIf(!hasHelm())("values that cannot be deployed", () => {
  it("are all told at once when nothing is set", async () => {
    const said = await refusal({});
    for (const name of [
      "auth.issuer must be",
      "auth.audience must be",
      /exactly one of auth.jwks.configMap, auth.jwksUrl, auth.publicKey.configMap, auth.publicKey.secret must be set, got none/,
      "database.existingSecret.name must be",
    ]) {
      expect(said).toMatch(name);
    }
    expect(said.match(/^ {2}- /gm)).toHaveLength(4);
  });

  it("are none when the least is said", async () => {
    expect(await refusal({ set: leastValues })).toBe("rendered");
    expect(await refusal({ set: sqlite })).toBe("rendered");
  });

  it.each<[object, string | RegExp]>([
    [{ auth: { jwks: { configMap: "keys" } } }, "exactly one of .* got auth.jwks.*, auth.jwksUrl"],
    [{ auth: { jwksUrl: "http://issuer.example/keys" } }, refusalOf("auth.jwksUrl")],
    [{ auth: { jwksUrl: "https://a:b@issuer.example" } }, refusalOf("auth.jwksUrl")],
    [{ transport: { mode: "tls" } }, "transport.tls.existingSecret must be the name of a Secret"],
    [{ ports: { admin: 50051 } }, "ports.admin must be another port than ports.grpc, got 50051"],
    [{ otel: { exporter: "otlp" } }, "otel.endpoint must be the URL of the collector"],
    [{ otel: { samplerRatio: 1.5 } }, refusalOf("otel.samplerRatio")],
    [{ probes: { liveness: { timeoutSeconds: 1 } } }, refusalOf("probes.liveness.timeoutSeconds")],
    [
      { podSecurity: { runAsUser: 0 } },
      "podSecurity.runAsUser: Must be greater than or equal to 1",
    ],
    [{ image: { digest: "sha256:0" } }, refusalOf("image.digest")],
    [{ workers: 0 }, refusalOf("workers")],
    [
      { autoscaling: { enabled: true, minReplicas: 4, maxReplicas: 3 } },
      "autoscaling.maxReplicas must be at least autoscaling.minReplicas, 4, got 3",
    ],
    [
      { autoscaling: { enabled: true, cpuUtilization: 0 } },
      "autoscaling.cpuUtilization or autoscaling.callsInFlight.enabled must be set",
    ],
    [
      { autoscaling: { enabled: true }, resources: { requests: { cpu: null } } },
      "resources.requests.cpu must be set when autoscaling.cpuUtilization is",
    ],
    [{ podLabels: { "app.kubernetes.io/name": "other" } }, refusalOf("podLabels")],
    [{ strategy: { maxSurge: 0, maxUnavailable: 0 } }, "strategy.maxSurge .*must"],
  ])("%j is refused: %s", async (values, message) => {
    expect(await refusal({ set: mergeValues(leastValues, { ...values }) })).toMatch(
      new RegExp(message),
    );
  });

  it.each<[object, string | RegExp]>([
    [{ replicaCount: 2 }, "replicaCount must be 1 when database.type is sqlite.*got 2"],
    [{ autoscaling: { enabled: true } }, "autoscaling.enabled must be false when database.type is"],
    [{ database: { sqlite: { fileName: ":memory:" } } }, refusalOf("database.sqlite.fileName")],
    [{ database: { sqlite: { fileName: "../items.db" } } }, refusalOf("database.sqlite.fileName")],
    [{ settings: { DATABASE_URL: "sqlite::memory:" } }, "settings.DATABASE_URL must not be set"],
    [{ database: { existingSecret: { name: "a" } } }, "database.existingSecret.name must not be"],
  ])("SQLite with %j is refused: %s", async (values, message) => {
    expect(await refusal({ set: mergeValues(sqlite, { ...values }) })).toMatch(new RegExp(message));
  });

  it.each<[object, string | RegExp]>([
    [{ settings: { GRPC_SERVER_PORT: "1" } }, "settings.GRPC_SERVER_PORT must not be set"],
    [{ settings: { GRPC_SERVER_GRACE_MS: "1" } }, "settings.GRPC_SERVER_GRACE_MS must not be set"],
    [{ settings: { GRPC_SERVER_INSECURE: "1" } }, "settings.GRPC_SERVER_INSECURE must not be set"],
    [{ settings: { GRPC_SERVER_SOCKET_PATH: "/a" } }, "GRPC_SERVER_SOCKET_PATH must not be set"],
    [{ settings: { NODE_ENV: "development" } }, "settings.*NODE_ENV"],
    [{ settings: { AUTH_ISSUER: "other" } }, "settings.*AUTH_ISSUER"],
    [{ settings: { DATABASE_POOL_MAX: 20 } }, refusalOf("settings.DATABASE_POOL_MAX")],
    [{ settings: { OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=b" } }, "must be in a Secret"],
    [{ extraEnv: [{ name: "NODE_ENV", value: "test" }] }, "extraEnv NODE_ENV must not be set"],
    [{ extraEnv: [{ name: "DATABASE_URL", value: "a" }] }, "extraEnv DATABASE_URL must not be set"],
    [{ extraEnv: [{ name: "A", value: "postgres://a:b@c/d" }] }, "extraEnv A must be in a Secret"],
    [{ extraEnv: [{ name: "API_TOKEN", value: "a" }] }, "extraEnv API_TOKEN must be in a Secret"],
  ])("variables of the chart's own and secrets are refused: %j", async (values, message) => {
    expect(await refusal({ set: mergeValues(leastValues, { ...values }) })).toMatch(
      new RegExp(message),
    );
  });

  it.each(["123", "shop.items"])(
    "release %s, of which no Service can be named",
    async (release) => {
      const said = await refusal({ set: leastValues, release });
      expect(said).toContain(`fullnameOverride must be set for a release of this name`);
      const set = { ...leastValues, fullnameOverride: "items" };
      expect(await refusal({ set, release })).toBe("rendered");
    },
  );

  it.each(["1.28.0", "1.29.9"])("Kubernetes %s is refused", async (kubeVersion) => {
    expect(await refusal({ set: leastValues, kubeVersion })).toMatch(
      /chart requires kubeVersion: >=1.30.0-0 which is incompatible with Kubernetes v1.2[89]/,
    );
  });

  it.each(["1.30.0", "1.30.4-gke.1348000", "1.34.1"])(
    "Kubernetes %s is taken",
    async (kubeVersion) => {
      expect(await refusal({ set: leastValues, kubeVersion })).toBe("rendered");
    },
  );

  it("a digest wins over a tag", async () => {
    const image = { repository: "registry.example/items", tag: "1", digest: `sha256:${sha}` };
    const manifests = await helmTemplate({ set: { ...leastValues, image } });
    expect(JSON.stringify(manifests)).toContain(`"registry.example/items@sha256:${sha}"`);
    expect(JSON.stringify(manifests)).not.toContain("registry.example/items:1");
  });
});

/** What Helm says when it refuses, or "rendered". */
async function refusal(options: HelmTemplateOptions): Promise<string> {
  return await helmTemplate(options).then(
    () => "rendered",
    (error: Error) => error.message,
  );
}
