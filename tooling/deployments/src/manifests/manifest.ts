import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

/** An object of Kubernetes as its YAML has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
}

export interface ManifestMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** The manifests of a file. Throws a TypeError that names the file if one is not a manifest. */
export function readManifests(path: string): readonly Manifest[] {
  return parseManifests(readFileSync(path, "utf8"), path);
}

/**
 * The manifests of a YAML stream; documents without content are left out. Throws a TypeError that names
 * `source` for what is no YAML, says a key twice or is no manifest.
 */
export function parseManifests(text: string, source: string): readonly Manifest[] {
  const documents = parseAllDocuments(text, { version: "1.2" });
  const [fault] = documents.flatMap(({ errors }) => errors);
  if (fault !== undefined) {
    throw new TypeError(`${source} must be YAML: ${fault.message}`);
  }
  const values = documents.map((document): unknown => document.toJS());
  return values
    .filter((value) => value !== null && value !== undefined)
    .map((value) => toManifest(value, source));
}

function toManifest(value: unknown, source: string): Manifest {
  const { apiVersion, kind, metadata } = value as Partial<Manifest>;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !metadata?.name) {
    const start = JSON.stringify(value).slice(0, 100);
    throw new TypeError(`${source} must have apiVersion, kind and metadata.name, got ${start}`);
  }
  return value as Manifest;
}
