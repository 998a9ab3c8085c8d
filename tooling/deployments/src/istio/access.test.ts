import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Manifest, parseManifests } from "../manifests/manifest.ts";
import { schemaFaults } from "../manifests/schema-faults.ts";
import { type AuthorizationSpec, allows, type Request } from "./allows.ts";
import { istioFolder, readIstioFiles, specOf } from "./istio-files.ts";
import { itemMethods } from "./served-methods.ts";

const manifests = readIstioFiles();
const policies = manifests
  .filter(({ kind }) => kind === "AuthorizationPolicy")
  .map(({ spec }) => spec as AuthorizationSpec);
const labels = { "app.kubernetes.io/name": "item-service" };

const watcher = "cluster.local/ns/shop/sa/stock-watcher";
const prometheus = "cluster.local/ns/monitoring/sa/prometheus-k8s";
const stranger = "cluster.local/ns/shop/sa/stranger";
const token = "https://issuer.example.com//ada";

const getItem = {
  labels,
  principal: watcher,
  requestPrincipal: token,
  port: 50051,
  method: "POST",
  path: "/examples.ItemService/GetItem",
} satisfies Request;
const { principal: _principal, ...withoutCertificate } = getItem;
const { requestPrincipal: _token, ...withoutToken } = getItem;
const check = { ...withoutToken, path: "/grpc.health.v1.Health/Check" };
const scrape = { ...check, principal: prometheus, port: 9464, method: "GET", path: "/metrics" };

describe("authorizationpolicy.yaml", () => {
  it.each(itemMethods)("lets stock-watcher call $path with a token", ({ path }) => {
    expect(allows(policies, { ...getItem, path })).toBe(true);
  });

  it.each<[string, Request, boolean]>([
    ["a call without a token", withoutToken, false],
    ["a call without a certificate", withoutCertificate, false],
    ["another service account", { ...getItem, principal: stranger }, false],
    [
      "stock-watcher of another namespace",
      { ...getItem, principal: watcher.replace("shop", "x") },
      false,
    ],
    ["an account whose name begins the same", { ...getItem, principal: `${watcher}-2` }, false],
    ["Prometheus with a token", { ...getItem, principal: prometheus }, false],
    ["GET in place of POST", { ...getItem, method: "GET" }, false],
    ["the contract on the admin port", { ...getItem, port: 9464 }, false],
    [
      "a service whose name begins the same",
      { ...getItem, path: "/examples.ItemService2/GetItem" },
      false,
    ],
    [
      "the report on dependencies",
      { ...getItem, path: "/common.HealthReportService/GetHealthReport" },
      false,
    ],
    [
      "reflection",
      { ...getItem, path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" },
      false,
    ],
    ["Check by anybody in the mesh", { ...check, principal: stranger }, true],
    [
      "Watch by anybody in the mesh",
      { ...check, principal: stranger, path: "/grpc.health.v1.Health/Watch" },
      true,
    ],
    ["List, which names all services", { ...check, path: "/grpc.health.v1.Health/List" }, false],
    ["Check from outside of the mesh", { ...withoutCertificate, path: check.path }, false],
    ["metrics for Prometheus", scrape, true],
    ["metrics for a caller", { ...scrape, principal: watcher }, false],
    ["the live page for Prometheus", { ...scrape, path: "/" }, false],
    ["metrics on the port of gRPC", { ...scrape, port: 50051 }, false],
    ["another workload of the namespace", { ...getItem, labels: {} }, false],
  ])("%s", (_name, request, allowed) => {
    expect(allows(policies, request)).toBe(allowed);
  });

  it("denies also when the rules of the service are gone", () => {
    const rest = [specOf<AuthorizationSpec>(manifests, "AuthorizationPolicy", "allow-nothing")];
    expect(allows(rest, getItem)).toBe(false);
    expect(allows([], getItem)).toBe(true);
  });

  it("is evaluated as far as it goes only", () => {
    expect(() => allows([{ action: "DENY", rules: [] }], getItem)).toThrow(
      /must be ALLOW, got DENY/,
    );
    const byHost = { rules: [{ to: [{ operation: { hosts: ["x"] } }] }] };
    expect(() => allows([byHost], getItem)).toThrow(/must be those .* got hosts/);
  });
});

describe("peerauthentication.yaml and requestauthentication.yaml", () => {
  it("take mutual TLS alone, on all ports", () => {
    expect(specOf(manifests, "PeerAuthentication")).toEqual({
      selector: { matchLabels: labels },
      mtls: { mode: "STRICT" },
    });
  });

  it("check tokens and pass them on to the service, which checks them, too", () => {
    expect(specOf(manifests, "RequestAuthentication")).toEqual({
      selector: { matchLabels: labels },
      jwtRules: [
        {
          issuer: "https://issuer.example.com/",
          audiences: ["item-service"],
          jwksUri: "https://issuer.example.com/.well-known/jwks.json",
          forwardOriginalToken: true,
        },
      ],
    });
  });
});

describe("what the comments offer to a Prometheus without a certificate", () => {
  it("opens the admin port, and that alone", async () => {
    const peers = uncomment("peerauthentication.yaml", "reaches the port.\n");
    const rules = uncomment("authorizationpolicy.yaml", "without a certificate:\n");
    expect(await schemaFaults([...peers, ...rules])).toEqual([]);
    expect(specOf(peers, "PeerAuthentication")).toMatchObject({
      mtls: { mode: "STRICT" },
      portLevelMtls: { 9464: { mode: "PERMISSIVE" } },
    });
    const opened = rules.map(({ spec }) => spec as AuthorizationSpec);
    const { principal: _prometheus, ...anonymous } = scrape;
    expect(allows(opened, anonymous)).toBe(true);
    expect(allows(opened, { ...anonymous, path: "/" })).toBe(false);
    expect(allows(opened, { ...withoutCertificate, path: check.path })).toBe(false);
  });
});

/** The manifests of a file in which all that follows `prose` is no comment. */
function uncomment(file: string, prose: string): readonly Manifest[] {
  const [before, after = ""] = readFileSync(join(istioFolder, file), "utf8").split(prose);
  return parseManifests(`${before}${prose}${after.replaceAll(/^( *)# /gm, "$1")}`, file);
}
