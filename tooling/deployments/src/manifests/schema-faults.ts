import type { Manifest } from "./manifest.ts";
import { trackReads } from "./track-reads.ts";

interface Model {
  readonly apiVersion: string;
  readonly prototype: { validate(this: object): void };
}

interface ShapeFault {
  readonly instancePath: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * What Kubernetes, Istio and the Prometheus operator would refuse or ignore of the manifests by their schemas: wrong
 * types and values, missing and unknown fields, unknown kinds. A line for each, such as
 * `Service items: /spec/ports/0/port must be integer`.
 */
export async function schemaFaults(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const faults = await Promise.all(
    manifests.map(async (manifest) => {
      const name = `${manifest.kind} ${manifest.metadata.name}`;
      return (await faultsOf(manifest)).map((fault) => `${name}: ${fault}`);
    }),
  );
  return faults.flat();
}

async function faultsOf(manifest: Manifest): Promise<readonly string[]> {
  const model = await loadModel(manifest);
  if (model === undefined) {
    return [`/kind must be known in ${manifest.apiVersion}, got ${manifest.kind}`];
  }
  const tracker = trackReads(manifest);
  const faults = shapeFaults(model, tracker.proxy);
  return [...faults, ...tracker.unread().map((path) => `${path} is not a field of the schema`)];
}

/** The validators are compiled of the schemas that the API servers publish. */
async function loadModel({ apiVersion, kind }: Manifest): Promise<Model | undefined> {
  const [group = ""] = apiVersion.split("/");
  try {
    const models: Record<string, Model> = await import(`${packageOf(group)}/${apiVersion}/${kind}`);
    const model = models[kind];
    // There are also models of parts, such as PodSpec, which have none.
    return model?.apiVersion === apiVersion ? model : undefined;
  } catch {
    return undefined;
  }
}

function packageOf(group: string): string {
  if (group.endsWith(".istio.io")) {
    return "@kubernetes-models/istio";
  }
  return group === "monitoring.coreos.com"
    ? "@kubernetes-models/prometheus-operator"
    : "kubernetes-models";
}

function shapeFaults(model: Model, manifest: Manifest): readonly string[] {
  try {
    // Not of an instance: the constructor copies, and nothing would be known of what was read.
    model.prototype.validate.call(manifest);
    return [];
  } catch (error) {
    const { errors } = error as { errors?: readonly ShapeFault[] };
    if (errors === undefined) {
      throw error;
    }
    return errors.map(({ instancePath, message = "is wrong", params }) => {
      const { allowedValues } = params;
      const allowed = Array.isArray(allowedValues) ? `: ${allowedValues.join(", ")}` : "";
      return `${instancePath || "/"} ${message}${allowed}`;
    });
  }
}
