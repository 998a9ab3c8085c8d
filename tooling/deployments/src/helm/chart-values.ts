/** What the templates read of the values, in the types that the tests need. */
export interface ChartValues {
  readonly replicaCount: number;
  readonly workers: number;
  readonly host: string;
  readonly ports: { readonly grpc: number; readonly admin: number };
  readonly transport: {
    readonly mode: "mesh" | "tls" | "plaintext";
    readonly tls: {
      readonly existingSecret: string;
      readonly serverName: string;
      readonly probe: "exec" | "http";
      readonly clientCa: { readonly existingSecret: string; readonly key: string };
    };
  };
  readonly auth: {
    readonly issuer: string;
    readonly audience: string;
    readonly jwksUrl: string;
    readonly jwks: { readonly configMap: string; readonly key: string };
    readonly publicKey: { readonly key: string };
  };
  readonly database: {
    readonly type: "postgres" | "sqlite";
    readonly existingSecret: { readonly name: string; readonly key: string };
    readonly sqlite: { readonly fileName: string };
  };
  readonly settings: Readonly<Record<string, string>>;
  readonly logLevel: string;
  readonly connections: { readonly maxAgeMs: number };
  readonly otel: {
    readonly exporter: string;
    readonly sampler: string;
    readonly samplerRatio: number;
  };
  readonly lifecycle: {
    readonly preStop: "sleep" | "exec" | "none";
    readonly preStopSeconds: number;
    readonly drainDelayMs: number;
    readonly graceMs: number;
    readonly terminationGracePeriodSeconds: number;
  };
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly podSecurity: { readonly runAsUser: number };
}

type Values = Readonly<Record<string, unknown>>;

/** `values` over `defaults` as Helm does it: maps are merged, and all else is replaced. */
export function mergeValues(defaults: Values, values: Values): Values {
  const merged = Object.entries(values).map(([key, value]) => {
    const before = defaults[key];
    return [key, isMap(before) && isMap(value) ? mergeValues(before, value) : value];
  });
  return { ...defaults, ...Object.fromEntries(merged) };
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
