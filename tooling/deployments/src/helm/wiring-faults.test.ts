import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { changeAt } from "../manifests/change-at.ts";
import { readManifests } from "../manifests/manifest.ts";
import { wiringFaults } from "./wiring-faults.ts";

const good = readManifests(join(import.meta.dirname, "../manifests/fixtures/good.yaml"));
const pod = "/spec/template/spec";
const container = `${pod}/containers/0`;
const other = { "app.kubernetes.io/name": "other" };

describe("wiringFaults", () => {
  it("finds none in good manifests", () => {
    expect(wiringFaults(good, new Set())).toEqual([]);
  });

  it.each([
    ["Service", "/spec/selector", other, "Service items: selects no pod of the Deployment"],
    ["Service", "/spec/ports/0/targetPort", "grpc", "Service items: port grpc is not there"],
    ["Service", "/spec/ports/1/port", 9465, "Service items: port 9465 is not there"],
    ["Service", "/spec/ports/1/name", "http", "ServiceMonitor items: port http-admin is not there"],
    ["Service", "/metadata/labels", other, "ServiceMonitor items: must select one Service"],
    ["Deployment", "/spec/selector/matchLabels", other, "Deployment items: selects no pod"],
    ["PodDisruptionBudget", "/spec/selector/matchLabels", {}, "selects no pod"],
    [
      "NetworkPolicy",
      "/spec/podSelector/matchLabels",
      other,
      "NetworkPolicy items: selects no pod",
    ],
    [
      "NetworkPolicy",
      "/spec/ingress/0/ports/0/port",
      1,
      "NetworkPolicy items: port 1 is not there",
    ],
    [
      "Deployment",
      `${container}/startupProbe/grpc/port`,
      1,
      "Deployment items: port 1 is not there",
    ],
    ["Deployment", `${container}/ports/1/containerPort`, 50051, "port 50051 is there twice"],
    [
      "Deployment",
      `${pod}/serviceAccountName`,
      "a",
      "Deployment items: ServiceAccount a is not there",
    ],
    ["Deployment", `${container}/envFrom/0/configMapRef/name`, "a", "ConfigMap a is not there"],
    [
      "Deployment",
      `${pod}/volumes/1/persistentVolumeClaim/claimName`,
      "a",
      "PersistentVolumeClaim a is",
    ],
    [
      "Deployment",
      `${container}/env/0/valueFrom`,
      { configMapKeyRef: { name: "items", key: "LOG" } },
      "ConfigMap items LOG is not there",
    ],
    [
      "Deployment",
      `${container}/env/0/valueFrom`,
      { secretKeyRef: { name: "db", key: "url" } },
      "Secret db url is not there",
    ],
    ["Deployment", `${container}/volumeMounts/1/mountPath`, "/tmp/", "has two volumes at /tmp"],
    ["Deployment", `${container}/volumeMounts/1/name`, "tmp", "volume data is mounted nowhere"],
    ["Deployment", `${container}/volumeMounts/1/name`, "dat", "volume dat is not there"],
    [
      "Deployment",
      `${container}/startupProbe`,
      { exec: { command: ["node", "probe", "--ca=/etc/tls/ca.crt"] } },
      "items has no volume for /etc/tls/ca.crt",
    ],
    ["Pod", "/spec/containers/0/args", ["--ca=/tls/ca.crt"], "probe has no volume for /tls/ca.crt"],
    ["Pod", "/metadata/labels", { "app.kubernetes.io/name": "items" }, "is selected with the pods"],
    ["HorizontalPodAutoscaler", "/spec/scaleTargetRef/name", "a", "Deployment a is not there"],
  ])("%s: %s = %j: %s", (kind, path, value, message) => {
    const changed = good.map((it) => (it.kind === kind ? changeAt(it, path, value) : it));
    expect(wiringFaults(changed, new Set()).join("\n")).toContain(message);
  });

  it("finds a name that is there twice, and takes names that are the user's", () => {
    expect(wiringFaults([...good, ...good.slice(0, 1)], new Set())).toEqual([
      "ServiceAccount items: is there twice",
    ]);
    const path = `${pod}/imagePullSecrets`;
    const changed = good.map((it) =>
      it.kind === "Deployment" ? changeAt(it, path, [{ name: "registry" }]) : it,
    );
    expect(wiringFaults(changed, new Set())).toEqual([
      "Deployment items: Secret registry is not there",
    ]);
    expect(wiringFaults(changed, new Set(["registry"]))).toEqual([]);
  });
});
