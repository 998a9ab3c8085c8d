/** A request as the sidecar of the pod sees it. */
export interface Request {
  /** Labels of the pod. */
  readonly labels: Readonly<Record<string, string>>;
  /** Who the certificate says that the caller is; none without mutual TLS. */
  readonly principal?: string;
  /** Issuer and subject of a good token, with a slash between; none without a token. */
  readonly requestPrincipal?: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
}

export interface AuthorizationSpec {
  readonly action?: string;
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly rules?: readonly {
    readonly from?: readonly { readonly source: Conditions }[];
    readonly to?: readonly { readonly operation: Conditions }[];
  }[];
}

type Conditions = Readonly<Record<string, readonly string[]>>;

/**
 * Whether the AuthorizationPolicies of the pod's namespace let the request in: if any of them is for the pod, one of
 * its rules must hold. Only ALLOW is evaluated here.
 * https://istio.io/latest/docs/concepts/security/#implicit-enablement
 */
export function allows(policies: readonly AuthorizationSpec[], request: Request): boolean {
  const own = policies.filter(({ selector }) =>
    Object.entries(selector?.matchLabels ?? {}).every(
      ([label, value]) => request.labels[label] === value,
    ),
  );
  return own.length === 0 || own.some((policy) => allowsOne(policy, request));
}

function allowsOne({ action = "ALLOW", rules = [] }: AuthorizationSpec, request: Request): boolean {
  if (action !== "ALLOW") {
    throw new TypeError(`action must be ALLOW, got ${action}`);
  }
  return rules.some(
    ({ from, to }) =>
      (from?.some(({ source }) => all(source, request)) ?? true) &&
      (to?.some(({ operation }) => all(operation, request)) ?? true),
  );
}

function all(conditions: Conditions, request: Request): boolean {
  return Object.entries(conditions).every(([name, patterns]) => {
    const value = attributeOf(name, request);
    return value !== undefined && patterns.some((pattern) => matches(pattern, value));
  });
}

function attributeOf(name: string, request: Request): string | undefined {
  switch (name) {
    case "principals":
      return request.principal;
    case "requestPrincipals":
      return request.requestPrincipal;
    case "ports":
      return String(request.port);
    case "methods":
      return request.method;
    case "paths":
      return request.path;
    default:
      throw new TypeError(`conditions must be those that are evaluated here, got ${name}`);
  }
}

/** Exact, by prefix ("abc*"), by suffix ("*abc"), or there at all ("*"). */
function matches(pattern: string, value: string): boolean {
  if (pattern === "*") {
    return value !== "";
  }
  if (pattern.endsWith("*")) {
    return value.startsWith(pattern.slice(0, -1));
  }
  return pattern.startsWith("*") ? value.endsWith(pattern.slice(1)) : value === pattern;
}
