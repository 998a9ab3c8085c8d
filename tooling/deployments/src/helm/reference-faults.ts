import { containersOf, ofKind, type PodTemplate, podsOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";

/** What a manifest needs of another one. */
interface Reference {
  readonly from: string;
  readonly kind: string;
  readonly name?: string | undefined;
  /** Of a ConfigMap. */
  readonly key?: string | undefined;
}

/** References to what is neither among the manifests nor one of `usersNames`. */
export function referenceFaults(
  manifests: readonly Manifest[],
  usersNames: ReadonlySet<string>,
): readonly string[] {
  const configMaps = new Map(
    ofKind(manifests, "ConfigMap").map(({ metadata, data }) => [metadata.name, data ?? {}]),
  );
  return referencesOf(manifests)
    .filter(({ kind, name = "", key }) => {
      const data = configMaps.get(name);
      const isHere = manifests.some((it) => it.kind === kind && it.metadata.name === name);
      const isWhole =
        kind !== "ConfigMap" || key === undefined || data === undefined || key in data;
      return !((isHere && isWhole) || usersNames.has(name));
    })
    .map(({ from, kind, name, key }) => {
      return `${from}: ${[kind, name, key].filter((part) => part !== undefined).join(" ")} is not there`;
    });
}

function referencesOf(manifests: readonly Manifest[]): readonly Reference[] {
  const scaled = ofKind(manifests, "HorizontalPodAutoscaler").flatMap(({ metadata, spec }) =>
    spec === undefined
      ? []
      : [{ from: `HorizontalPodAutoscaler ${metadata.name}`, ...spec.scaleTargetRef }],
  );
  return [
    ...scaled.map(({ from, kind, name }) => ({ from, kind, name })),
    ...podsOf(manifests).flatMap(referencesOfPod),
  ];
}

function referencesOfPod(pod: PodTemplate): readonly Reference[] {
  const from = pod.name;
  const containers = containersOf(pod);
  const environments = containers.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom));
  const { serviceAccountName, imagePullSecrets = [], volumes = [] } = pod.spec;
  const all = [
    { kind: "ServiceAccount", name: serviceAccountName },
    ...imagePullSecrets.map(({ name }) => ({ kind: "Secret", name })),
    ...containers.flatMap(({ envFrom = [] }) =>
      envFrom.flatMap(({ configMapRef, secretRef }) => [
        { kind: "ConfigMap", name: configMapRef?.name },
        { kind: "Secret", name: secretRef?.name },
      ]),
    ),
    ...environments.flatMap((source) => [
      { kind: "ConfigMap", ...source?.configMapKeyRef },
      { kind: "Secret", ...source?.secretKeyRef },
    ]),
    ...volumes.flatMap(({ configMap, secret, persistentVolumeClaim: claim, projected }) => [
      { kind: "ConfigMap", name: configMap?.name },
      { kind: "Secret", name: secret?.secretName },
      { kind: "PersistentVolumeClaim", name: claim?.claimName },
      ...(projected?.sources ?? []).flatMap((source) => [
        { kind: "ConfigMap", name: source.configMap?.name },
        { kind: "Secret", name: source.secret?.name },
      ]),
    ]),
  ];
  return all.filter(({ name }) => name !== undefined).map((reference) => ({ from, ...reference }));
}
