import { readSettings } from "@grpc-kit/item-service/settings";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameFaults } from "../manifests/name-faults.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { schemaFaults } from "../manifests/schema-faults.ts";
import { apiVersions, hasHelm } from "./chart-variants.ts";
import { containerEnvironment, exampleSecrets } from "./container-environment.ts";
import { hardeningFaults } from "./hardening-faults.ts";
import { wiringFaults } from "./wiring-faults.ts";

const tls = fc.record({
  mode: fc.constant("tls"),
  tls: fc.record({
    existingSecret: fc.constant("users-tls"),
    serverName: fc.constantFrom("", "items.example"),
    probe: fc.constantFrom("exec", "http"),
    clientCa: fc.record({ existingSecret: fc.constantFrom("", "users-ca") }),
  }),
});

const keys = fc.constantFrom(
  { jwksUrl: "https://issuer.example/keys" },
  { jwks: { configMap: "users-keys" } },
  { publicKey: { configMap: "users-keys" } },
  { publicKey: { secret: "users-keys" } },
);

const postgres = fc.record({
  database: fc.constant({ existingSecret: { name: "users-database" } }),
  replicaCount: fc.integer({ min: 1, max: 5 }),
  autoscaling: fc.record({
    enabled: fc.boolean(),
    cpuUtilization: fc.constantFrom(50, 70),
    callsInFlight: fc.record({ enabled: fc.boolean() }),
  }),
});

const sqlite = fc.record({
  database: fc.record({
    type: fc.constant("sqlite"),
    sqlite: fc.record({ existingClaim: fc.constantFrom("", "users-claim") }),
  }),
  replicaCount: fc.constant(1),
});

const switches = fc.record({
  host: fc.constantFrom("0.0.0.0", "::"),
  workers: fc.integer({ min: 1, max: 3 }),
  transport: fc.oneof(tls, fc.constantFrom({ mode: "mesh" }, { mode: "plaintext" })),
  auth: keys.map((source) => ({ issuer: "https://issuer.example", audience: "items", ...source })),
  otel: fc.record({
    exporter: fc.constantFrom("none", "otlp", "console"),
    endpoint: fc.constant("http://collector:4317"),
    headersSecret: fc.record({ name: fc.constantFrom("", "users-headers") }),
    resourceAttributes: fc.constantFrom({}, { "service.namespace": "shop & stock" }),
  }),
  lifecycle: fc.record({ preStop: fc.constantFrom("sleep", "exec", "none") }),
  istio: fc.record({ inject: fc.boolean() }),
  networkPolicy: fc.record({
    ambient: fc.boolean(),
    clients: fc.constantFrom([], [{ namespaceSelector: {} }]),
    prometheus: fc.constantFrom([], [{ namespaceSelector: {} }]),
    dns: fc.constantFrom([], [{ namespaceSelector: {} }]),
  }),
  serviceMonitor: fc.record({ enabled: fc.boolean() }),
  prometheusRule: fc.record({ enabled: fc.boolean() }),
  topologySpread: fc.record({
    zone: fc.constantFrom("none", "DoNotSchedule"),
    host: fc.constantFrom("none", "ScheduleAnyway"),
  }),
  nodeOptions: fc.constantFrom("", "--trace-warnings"),
  podLabels: fc.constantFrom({}, { team: "shop" }),
});

const users = ["tls", "ca", "keys", "database", "claim", "headers"].map((it) => `users-${it}`);

describe.skipIf(!hasHelm())("the chart, however its values are combined", () => {
  it("is sound, safe, and has an environment that the service takes", async () => {
    await fc.assert(
      fc.asyncProperty(switches, fc.oneof(postgres, sqlite), async (values, database) => {
        const manifests = await helmTemplate({ set: { ...values, ...database }, apiVersions });
        expect(await schemaFaults(manifests)).toEqual([]);
        expect(nameFaults(manifests)).toEqual([]);
        expect(wiringFaults(manifests, new Set(users))).toEqual([]);
        expect(hardeningFaults(manifests)).toEqual([]);
        readSettings(containerEnvironment(manifests, exampleSecrets));
      }),
      { numRuns: 40 },
    );
  });
});
