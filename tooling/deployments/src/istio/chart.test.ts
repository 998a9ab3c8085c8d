import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasHelm } from "../helm/chart-variants.ts";
import { workloadOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { chartFolder, helmTemplate } from "../manifests/run-helm.ts";
import type { AuthorizationSpec } from "./allows.ts";
import { readIstioFiles, specOf } from "./istio-files.ts";

interface Service {
  readonly clusterIP?: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}

const files = readIstioFiles();
const namesAndPorts = { "grpc-api": 50051, "http-admin": 9464 };

async function render(): Promise<readonly Manifest[]> {
  return await helmTemplate({
    release: "item-service",
    namespace: "shop",
    values: [join(chartFolder, "ci/postgres-values.yaml")],
  });
}

function settingsOf(manifests: readonly Manifest[]): Readonly<Record<string, string>> {
  return manifests.find(({ kind }) => kind === "ConfigMap")?.data as Record<string, string>;
}

describe.skipIf(!hasHelm())("the manifests for Istio and the chart", () => {
  it("agree on the Service, whose port says that it is gRPC", async () => {
    const chart = await render();
    const { host } = specOf<{ host: string }>(files, "DestinationRule");
    expect(specOf<{ hosts: string[] }>(files, "VirtualService").hosts).toEqual([host]);
    const { clusterIP, ports } = specOf<Service>(chart, "Service", host);
    expect(clusterIP).not.toBe("None");
    expect(ports).toMatchObject([{ name: "grpc-api", appProtocol: "grpc", port: 50051 }]);
    expect(specOf<Service>(chart, "Service", `${host}-headless`).clusterIP).toBe("None");
  });

  it("agree on the pods and their ports", async () => {
    const { pod, container } = workloadOf(await render());
    const policies = files.filter(({ spec }) => (spec as AuthorizationSpec).selector !== undefined);
    expect(policies.map(({ kind }) => kind)).toEqual([
      "PeerAuthentication",
      "RequestAuthentication",
      "AuthorizationPolicy",
    ]);
    for (const { spec } of policies) {
      const { selector } = spec as Required<AuthorizationSpec>;
      expect(pod.labels).toMatchObject(selector.matchLabels);
    }
    const ports = container.ports?.map(({ name, containerPort }) => [name, containerPort]);
    expect(Object.fromEntries(ports ?? [])).toEqual(namesAndPorts);
    const { rules = [] } = specOf<AuthorizationSpec>(files, "AuthorizationPolicy");
    const allowed = rules.flatMap(({ to = [] }) => to.flatMap(({ operation }) => operation.ports));
    expect(new Set(allowed)).toEqual(new Set(Object.values(namesAndPorts).map(String)));
  });

  it("agree on whose tokens are taken", async () => {
    const { jwtRules } = specOf<{
      jwtRules: readonly { issuer: string; audiences: string[]; jwksUri: string }[];
    }>(files, "RequestAuthentication");
    const settings = settingsOf(await render());
    expect(jwtRules).toMatchObject([
      {
        issuer: settings.AUTH_ISSUER,
        audiences: [settings.AUTH_AUDIENCE],
        jwksUri: settings.AUTH_JWKS_URL,
      },
    ]);
  });

  it("leave encryption to the mesh, and the age of connections to the service", async () => {
    const settings = settingsOf(await render());
    expect(settings.GRPC_SERVER_INSECURE).toBe("true");
    expect(Number(settings.GRPC_SERVER_MAX_CONNECTION_AGE_MS)).toBeGreaterThan(0);
  });

  it("agree on where Prometheus is", async () => {
    const { rules = [] } = specOf<AuthorizationSpec>(files, "AuthorizationPolicy");
    const admin = rules.filter(({ to = [] }) =>
      to.some(({ operation }) => operation.ports?.includes("9464")),
    );
    const [principal = ""] = admin.flatMap(({ from = [] }) =>
      from.flatMap(({ source }) => source.principals ?? []),
    );
    const [, namespace] = /^cluster\.local\/ns\/([^/]+)\/sa\//.exec(principal) ?? [];
    expect(JSON.stringify(specOf(await render(), "NetworkPolicy"))).toContain(
      `"kubernetes.io/metadata.name":"${namespace}"`,
    );
  });
});
