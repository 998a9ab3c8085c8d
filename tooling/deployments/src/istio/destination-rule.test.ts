import { describe, expect, it } from "vitest";
import { schemaFaults } from "../manifests/schema-faults.ts";
import { durationMs, type HttpRoute } from "./find-route.ts";
import { readIstioFiles, specOf } from "./istio-files.ts";

interface DestinationRuleSpec {
  readonly host: string;
  readonly trafficPolicy: {
    readonly tls?: unknown;
    readonly loadBalancer: {
      readonly localityLbSetting: { readonly enabled: boolean };
      readonly [field: string]: unknown;
    };
    readonly connectionPool: {
      readonly tcp: {
        readonly connectTimeout: string;
        readonly tcpKeepalive: {
          readonly time: string;
          readonly interval: string;
          readonly probes: number;
        };
      };
      readonly http: Readonly<Record<string, unknown>>;
    };
    readonly outlierDetection: Readonly<Record<string, unknown>>;
  };
}

const manifests = readIstioFiles();
const { host, trafficPolicy } = specOf<DestinationRuleSpec>(manifests, "DestinationRule");
const { loadBalancer, connectionPool, outlierDetection } = trafficPolicy;
const { http } = specOf<{ http: readonly HttpRoute[] }>(manifests, "VirtualService");

describe("the manifests for Istio", () => {
  it("have the fields and values that Istio's schemas know, and no others", async () => {
    expect(await schemaFaults(manifests)).toEqual([]);
    expect(manifests.map(({ kind }) => kind).sort()).toEqual([
      "AuthorizationPolicy",
      "AuthorizationPolicy",
      "DestinationRule",
      "PeerAuthentication",
      "RequestAuthentication",
      "VirtualService",
    ]);
  });

  it("are of the versions that Istio keeps, and of one namespace", () => {
    const versions = ["networking.istio.io/v1", "security.istio.io/v1"];
    expect(manifests.filter(({ apiVersion }) => !versions.includes(apiVersion))).toEqual([]);
    expect(new Set(manifests.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["shop"]));
  });
});

describe("destinationrule.yaml", () => {
  it("leaves TLS to the mesh, which has mutual TLS unless a rule says something of it", () => {
    expect(trafficPolicy).not.toHaveProperty("tls");
  });

  it("balances calls over all pods, new ones by and by", () => {
    expect(host).toBe("item-service");
    expect(loadBalancer).toMatchObject({ simple: "LEAST_REQUEST", warmup: { duration: "60s" } });
    // The older name of the same.
    expect(loadBalancer).not.toHaveProperty("warmupDurationSecs");
  });

  it("says whether calls stay in their zone, and repeats them elsewhere only if they do", () => {
    const { enabled } = loadBalancer.localityLbSetting;
    const elsewhere = http.some(({ retries }) => retries?.retryRemoteLocalities === true);
    expect(enabled).toBe(false);
    expect(elsewhere).toBe(enabled);
  });

  it("ejects pods that fail, and never more than half of them", () => {
    expect(outlierDetection).toEqual({
      consecutive5xxErrors: 5,
      consecutiveGatewayErrors: 3,
      interval: "10s",
      baseEjectionTime: "30s",
      maxEjectionPercent: 50,
    });
  });

  it("bounds calls and retries, and leaves the age of connections to the service", () => {
    expect(connectionPool.http).toEqual({
      http2MaxRequests: 1000,
      maxRequestsPerConnection: 0,
      maxRetries: 20,
    });
  });

  it("gives up connecting while there is time for an attempt, and finds lost nodes in 90 s", () => {
    const attempts = http.flatMap(({ retries }) => retries?.perTryTimeout ?? []);
    const { connectTimeout, tcpKeepalive } = connectionPool.tcp;
    const { time, interval, probes } = tcpKeepalive;
    expect(attempts).not.toEqual([]);
    expect(durationMs(connectTimeout)).toBeLessThan(Math.min(...attempts.map(durationMs)));
    expect(durationMs(time) + probes * durationMs(interval)).toBe(90_000);
  });
});
