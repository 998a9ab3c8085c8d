import type { IContainer } from "kubernetes-models/v1/Container";
import { containersOf, ofKind, type PodTemplate, podsOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { portFaults } from "./port-faults.ts";
import { referenceFaults } from "./reference-faults.ts";
import { selects, twice } from "./selection.ts";

/**
 * What does not fit together in the manifests of a chart: names that are there twice, selectors that find no pod, ports that
 * nobody has, references to what is neither there nor one of `usersNames`, volumes that hide each other.
 */
export function wiringFaults(
  manifests: readonly Manifest[],
  usersNames: ReadonlySet<string>,
): readonly string[] {
  const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  return [
    ...twice(names).map((name) => `${name}: is there twice`),
    ...selectorFaults(manifests),
    ...portFaults(manifests),
    ...referenceFaults(manifests, usersNames),
    ...podsOf(manifests).flatMap(mountFaults),
  ];
}

function selectorFaults(manifests: readonly Manifest[]): readonly string[] {
  const labelSelectors = [
    ...ofKind(manifests, "Deployment").map((it) => [it, it.spec?.selector] as const),
    ...ofKind(manifests, "PodDisruptionBudget").map((it) => [it, it.spec?.selector] as const),
    ...ofKind(manifests, "NetworkPolicy").map((it) => [it, it.spec?.podSelector] as const),
  ].map(([it, selector]) => [it, selector?.matchLabels] as const);
  const services = ofKind(manifests, "Service");
  const selectors = [
    ...labelSelectors,
    ...services.map((service) => [service, service.spec?.selector] as const),
  ];
  const served = podsOf(manifests).filter(({ name }) => name.startsWith("Deployment "));
  const others = podsOf(manifests).filter((pod) => !served.some(({ name }) => name === pod.name));
  return [
    ...selectors
      .filter(([, selector]) => !served.some(({ labels }) => selects(selector, labels)))
      .map(([it]) => `${it.kind} ${it.metadata.name}: selects no pod of the Deployment`),
    ...others
      .filter(({ labels }) => selectors.some(([, selector]) => selects(selector, labels)))
      .map(({ name }) => `${name}: is selected with the pods of the Deployment`),
    ...ofKind(manifests, "ServiceMonitor")
      .filter(({ spec: { selector } }) => {
        const scraped = services.filter((it) => selects(selector.matchLabels, it.metadata.labels));
        // With two, each pod would be scraped twice.
        return scraped.length !== 1;
      })
      .map(({ metadata }) => `ServiceMonitor ${metadata.name}: must select one Service`),
  ];
}

function mountFaults(pod: PodTemplate): readonly string[] {
  const containers = containersOf(pod);
  const volumes = (pod.spec.volumes ?? []).map(({ name }) => name);
  const mounted = new Set(
    containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)),
  );
  const missing = [...mounted].filter((name) => !volumes.includes(name));
  const idle = volumes.filter((name) => !mounted.has(name));
  const faults = [
    ...twice(volumes).map((name) => `volume ${name} is there twice`),
    ...missing.map((name) => `volume ${name} is not there`),
    ...idle.map((name) => `volume ${name} is mounted nowhere`),
    ...containers.flatMap(({ name, volumeMounts = [] }) => {
      const paths = volumeMounts.map(({ mountPath }) => mountPath.replace(/\/$/, ""));
      return twice(paths).map((path) => `${name} has two volumes at ${path}`);
    }),
    ...containers.flatMap((container) => {
      const { name, volumeMounts = [] } = container;
      return filesOf(container)
        .filter((file) => !volumeMounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`)))
        .map((file) => `${name} has no volume for ${file}`);
    }),
  ];
  return faults.map((fault) => `${pod.name}: ${fault}`);
}

/** Files that the commands of a container are told, as in --ca=/etc/tls/ca.crt. */
function filesOf({ args = [], command = [], ...probes }: IContainer): readonly string[] {
  const probed = [probes.startupProbe, probes.readinessProbe, probes.livenessProbe];
  return [...command, ...args, ...probed.flatMap((probe) => probe?.exec?.command ?? [])]
    .map((part) => /^--[-a-z]+=(\/.*)$/.exec(part)?.[1])
    .filter((file) => file !== undefined);
}
