import type { IContainer } from "kubernetes-models/v1/Container";
import { ofKind, workloadOf } from "../manifests/kinds.ts";
import type { Manifest } from "../manifests/manifest.ts";

type Environment = Readonly<Record<string, string>>;

/** What could come out of Secrets and of the pod, by the variables that the chart has for it. */
export const exampleSecrets: Environment = {
  DATABASE_URL: "postgres://items:s3cret@postgres.shop:5432/shop?sslmode=verify-full",
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t0ken",
  NODE_NAME: "node-1",
  POD_NAME: "items-item-service-5d4f-x7k2p",
  POD_NAMESPACE: "shop",
};

/**
 * The environment that the kubelet gives the container of the Deployment: what `envFrom` names, then `env` over it, with `$(NAME)`
 * of what stands before: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 * `secrets` has the values of those that come out of Secrets or of the pod, by the variable's name.
 */
export function containerEnvironment(
  manifests: readonly Manifest[],
  secrets: Environment,
): Environment {
  const { container } = workloadOf(manifests);
  const environment: Record<string, string> = { ...fromConfigMaps(manifests, container) };
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom?.configMapKeyRef !== undefined) {
      throw new TypeError(`${name} must come by envFrom, got a configMapKeyRef`);
    }
    const given = valueFrom === undefined ? (value ?? "") : secrets[name];
    if (given === undefined) {
      throw new TypeError(`secrets must have ${name}, got ${Object.keys(secrets).join(", ")}`);
    }
    environment[name] = given.replace(/\$\(([\w.-]+)\)/g, (all, other: string) => {
      return environment[other] ?? all;
    });
  }
  return environment;
}

function fromConfigMaps(manifests: readonly Manifest[], { envFrom = [] }: IContainer): Environment {
  const configMaps = ofKind(manifests, "ConfigMap");
  const all = envFrom.map(({ configMapRef, prefix }) => {
    const found = configMaps.find(({ metadata }) => metadata.name === configMapRef?.name);
    if (found === undefined || prefix !== undefined) {
      throw new TypeError(`envFrom must name a ConfigMap that is here, got ${configMapRef?.name}`);
    }
    return found.data ?? {};
  });
  return Object.assign({}, ...all);
}

/**
 * The variables that make no difference to what `read` says of the environment. Each is given a value that is wrong for
 * most: what is read fails then, or comes out as something else.
 */
export function unreadVariables(
  environment: Environment,
  read: (environment: Environment) => unknown,
): readonly string[] {
  const expected = JSON.stringify(read(environment));
  return Object.keys(environment).filter((name) => {
    try {
      return JSON.stringify(read({ ...environment, [name]: "?" })) === expected;
    } catch {
      return false;
    }
  });
}
