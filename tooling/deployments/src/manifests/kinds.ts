import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import type { IServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { Manifest } from "./manifest.ts";

/** The kinds of a chart, by name. */
export interface Kinds {
  readonly ConfigMap: IConfigMap;
  readonly Deployment: IDeployment;
  readonly HorizontalPodAutoscaler: IHorizontalPodAutoscaler;
  readonly NetworkPolicy: INetworkPolicy;
  readonly PersistentVolumeClaim: IPersistentVolumeClaim;
  readonly Pod: IPod;
  readonly PodDisruptionBudget: IPodDisruptionBudget;
  readonly PrometheusRule: IPrometheusRule;
  readonly Service: IService;
  readonly ServiceAccount: IServiceAccount;
  readonly ServiceMonitor: IServiceMonitor;
}

/** A pod of a Deployment, or one that stands by itself. */
export interface PodTemplate {
  /** As in "Deployment items". */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: IPodSpec;
}

/** All manifests of a kind. Of the kind's type, so they should have been through `schemaFaults`. */
export function ofKind<Kind extends keyof Kinds>(
  manifests: readonly Manifest[],
  kind: Kind,
): readonly (Manifest & Kinds[Kind])[] {
  return manifests.filter((manifest) => manifest.kind === kind) as (Manifest & Kinds[Kind])[];
}

/** The one manifest of a kind. Throws a TypeError if there are more or none. */
export function onlyOf<Kind extends keyof Kinds>(
  manifests: readonly Manifest[],
  kind: Kind,
): Manifest & Kinds[Kind] {
  const [first, ...more] = ofKind(manifests, kind);
  if (first === undefined || more.length > 0) {
    const kinds = manifests.map((manifest) => manifest.kind).join(", ");
    throw new TypeError(`manifests must have one ${kind}, got ${kinds}`);
  }
  return first;
}

/** The pods that the manifests make. */
export function podsOf(manifests: readonly Manifest[]): readonly PodTemplate[] {
  const templates = ofKind(manifests, "Deployment").map(({ metadata, spec }) =>
    toPod(`Deployment ${metadata.name}`, spec?.template),
  );
  const pods = ofKind(manifests, "Pod").map((pod) => toPod(`Pod ${pod.metadata.name}`, pod));
  return [...templates, ...pods];
}

/** The containers of a pod, those that run first included. */
export function containersOf({ spec }: PodTemplate): readonly IContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** The pod of the Deployment, and its one container. */
export function workloadOf(manifests: readonly Manifest[]): {
  readonly pod: PodTemplate;
  readonly container: IContainer;
} {
  const deployment = onlyOf(manifests, "Deployment");
  const pod = toPod(`Deployment ${deployment.metadata.name}`, deployment.spec?.template);
  const [container, ...more] = pod.spec.containers;
  if (container === undefined || more.length > 0) {
    throw new TypeError(`${pod.name} must have one container, got ${pod.spec.containers.length}`);
  }
  return { pod, container };
}

function toPod(
  name: string,
  part: { readonly metadata?: IPod["metadata"]; readonly spec?: IPodSpec } | undefined,
): PodTemplate {
  const { labels = {}, annotations = {} } = part?.metadata ?? {};
  return { name, labels, annotations, spec: part?.spec ?? { containers: [] } };
}
