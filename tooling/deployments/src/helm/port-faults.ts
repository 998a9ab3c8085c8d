import type { IContainer } from "kubernetes-models/v1/Container";
import { containersOf, ofKind, type PodTemplate, podsOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { selects, twice } from "./selection.ts";

/** A port that something names, and who. */
type NamedPort = readonly [from: string, port: number | string | undefined];

/** Of a mesh's own, in the pod: https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio */
const sidecarPorts = [15_008, 15_020, 15_090] as const;

/** Ports of Services, policies, monitors and probes that nobody has, and those that a pod has twice. */
export function portFaults(manifests: readonly Manifest[]): readonly string[] {
  const pods = podsOf(manifests);
  const ports = pods.flatMap(containersOf).flatMap((container) => container.ports ?? []);
  const known = new Set(ports.flatMap(({ name, containerPort }) => [name, containerPort]));
  const reachable = new Set([...known, ...sidecarPorts]);
  const missing = [
    ...[...servicePorts(manifests), ...pods.flatMap(probePorts)].filter(([, it]) => !known.has(it)),
    ...policyPorts(manifests).filter(([, port]) => !reachable.has(port)),
    ...missingMonitorPorts(manifests),
  ];
  return [
    ...missing.map(([from, port]) => `${from}: port ${port} is not there`),
    ...pods.flatMap((pod) => {
      const own = containersOf(pod).flatMap((container) => container.ports ?? []);
      const numbers = own.map(({ containerPort }) => containerPort);
      return twice(numbers).map((port) => `${pod.name}: port ${port} is there twice`);
    }),
  ];
}

function servicePorts(manifests: readonly Manifest[]): readonly NamedPort[] {
  return ofKind(manifests, "Service").flatMap(({ metadata, spec }) =>
    (spec?.ports ?? []).map(({ port, targetPort = port }): NamedPort => {
      return [`Service ${metadata.name}`, targetPort];
    }),
  );
}

function policyPorts(manifests: readonly Manifest[]): readonly NamedPort[] {
  return ofKind(manifests, "NetworkPolicy").flatMap(({ metadata, spec }) => {
    const ports = (spec?.ingress ?? []).flatMap((rule) => rule.ports ?? []);
    return ports.map(({ port }): NamedPort => [`NetworkPolicy ${metadata.name}`, port]);
  });
}

/** A ServiceMonitor names ports of Services, not of pods. */
function missingMonitorPorts(manifests: readonly Manifest[]): readonly NamedPort[] {
  return ofKind(manifests, "ServiceMonitor").flatMap(({ metadata, spec }) => {
    const services = ofKind(manifests, "Service").filter((it) => {
      return selects(spec.selector.matchLabels, it.metadata.labels);
    });
    const names = services.flatMap((it) => it.spec?.ports?.map(({ name }) => name));
    return spec.endpoints
      .filter(({ port }) => !names.includes(port))
      .map(({ port }): NamedPort => [`ServiceMonitor ${metadata.name}`, port]);
  });
}

function probePorts(pod: PodTemplate): readonly NamedPort[] {
  return containersOf(pod)
    .flatMap(({ startupProbe, livenessProbe, readinessProbe }: IContainer) => {
      return [startupProbe, livenessProbe, readinessProbe];
    })
    .map((probe) => probe?.grpc?.port ?? probe?.httpGet?.port ?? probe?.tcpSocket?.port)
    .filter((port) => port !== undefined)
    .map((port) => [pod.name, port]);
}
