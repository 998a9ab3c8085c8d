import type { IContainer } from "kubernetes-models/v1/Container";
import { containersOf, ofKind, type PodTemplate, podsOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";

/** Must all be so. What is said is said of what is not. */
type Rules = Readonly<Record<string, boolean | undefined>>;

// A password in a URL, a private key, a token.
const secret = /:\/\/[^/\s:@]*:[^/\s@]+@|PRIVATE KEY|\beyJ[\w-]+\.eyJ/;

/**
 * Where the manifests fall short of the restricted standard for pods and of what else keeps an intruder from going on.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function hardeningFaults(manifests: readonly Manifest[]): readonly string[] {
  const accounts = ofKind(manifests, "ServiceAccount");
  const policies = ofKind(manifests, "NetworkPolicy");
  const all = broken("chart", {
    "must have a ServiceAccount without a token":
      accounts.length > 0 &&
      accounts.every(({ automountServiceAccountToken }) => automountServiceAccountToken === false),
    "must have a NetworkPolicy for both directions": policies.some(
      ({ spec }) => String([...(spec?.policyTypes ?? [])].sort()) === "Egress,Ingress",
    ),
    "must say who may come in": policies.every(({ spec }) =>
      (spec?.ingress ?? []).every(
        ({ from = [], ports = [] }) => from.length > 0 && ports.length > 0,
      ),
    ),
    "must say where it goes": policies.every(({ spec }) =>
      (spec?.egress ?? []).every(({ ports = [] }) => ports.length > 0),
    ),
    "must have a PodDisruptionBudget": ofKind(manifests, "PodDisruptionBudget").length > 0,
    "must have no Secret of its own": manifests.every(({ kind }) => kind !== "Secret"),
    "must have no secret in plain text": !secret.test(JSON.stringify(manifests)),
  });
  return [...all, ...podsOf(manifests).flatMap(podFaults)];
}

function podFaults(pod: PodTemplate): readonly string[] {
  const { spec } = pod;
  const { securityContext: context = {} } = spec;
  const volumes = (spec.volumes ?? []).map(({ name: _name, ...source }) => Object.keys(source));
  const faults = broken(pod.name, {
    "must run as another than root": context.runAsNonRoot === true && context.runAsUser !== 0,
    "must have the seccomp profile RuntimeDefault":
      context.seccompProfile?.type === "RuntimeDefault",
    "must not mount a token": spec.automountServiceAccountToken === false,
    "must not have the Services of its namespace in its environment":
      spec.enableServiceLinks === false,
    "must not share what is the host's": !(spec.hostNetwork || spec.hostPID || spec.hostIPC),
    "must not mount what is the host's": !volumes.flat().includes("hostPath"),
    "must limit what it writes": (spec.volumes ?? []).every(
      ({ emptyDir }) => emptyDir === undefined || emptyDir.sizeLimit !== undefined,
    ),
  });
  return [...faults, ...containersOf(pod).flatMap((container) => containerFaults(pod, container))];
}

function containerFaults(pod: PodTemplate, container: IContainer): readonly string[] {
  const { securityContext: context = {}, resources = {} } = container;
  const { capabilities = {} } = context;
  return broken(`${pod.name} ${container.name}`, {
    "must not gain privileges": context.allowPrivilegeEscalation === false && !context.privileged,
    "must not write to its image": context.readOnlyRootFilesystem === true,
    "must drop all capabilities": String(capabilities.drop) === "ALL" && !capabilities.add?.length,
    "must not be root": context.runAsNonRoot !== false && context.runAsUser !== 0,
    "must request cpu and memory":
      resources.requests?.cpu !== undefined && resources.requests.memory !== undefined,
    "must limit memory": resources.limits?.memory !== undefined,
    "must have an image of one version": /:(?!latest$)[^/:]+$/.test(container.image ?? ""),
  });
}

function broken(name: string, rules: Rules): readonly string[] {
  return Object.entries(rules)
    .filter(([, isKept]) => isKept !== true)
    .map(([rule]) => `${name}: ${rule}`);
}
