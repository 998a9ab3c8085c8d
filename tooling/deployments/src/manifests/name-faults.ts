import type { Manifest } from "./manifest.ts";

// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
const dnsLabel = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const labelKey =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
// Of ports: https://www.rfc-editor.org/rfc/rfc6335#section-5.1
const portName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

/** What the API server refuses of names and labels, which no schema says. */
export function nameFaults(manifests: readonly Manifest[]): readonly string[] {
  return manifests.flatMap((manifest) => {
    const { kind, metadata } = manifest;
    const faults = [...objectFaults(manifest, "")];
    if (!dnsLabel.test(metadata.name)) {
      faults.push("/metadata/name must be a DNS label of at most 63 characters");
    }
    return faults.map((fault) => `${kind} ${metadata.name}: ${fault}`);
  });
}

function objectFaults(part: object, path: string): readonly string[] {
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) => {
    const at = `${path}/${key}`;
    if (typeof value !== "object" || value === null) {
      return [];
    }
    const labels = /\/(labels|matchLabels)$/.test(at) ? labelFaults(value, at) : [];
    const ports = /\/ports\/\d+$/.test(at) && "name" in value ? portFaults(value.name, at) : [];
    return [...labels, ...ports, ...objectFaults(value, at)];
  });
}

function labelFaults(labels: object, path: string): readonly string[] {
  const wrong = Object.entries(labels).filter(
    ([key, value]) => !(labelKey.test(key) && labelValue.test(String(value))),
  );
  return wrong.map(([key, value]) => `${path}/${key} must be a label, got ${value}`);
}

function portFaults(name: unknown, path: string): readonly string[] {
  return portName.test(String(name))
    ? []
    : [`${path}/name must be the name of a port, got ${name}`];
}
