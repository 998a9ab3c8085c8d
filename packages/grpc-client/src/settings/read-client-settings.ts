import type { GrpcClientSettings } from "./client-settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Name = keyof typeof integers;

const prefix = "GRPC_CLIENT_";

const dayMs = 86_400_000;

/** From, to, and the default. */
const integers = {
  GRPC_CLIENT_DEFAULT_TIMEOUT_MS: [1, dayMs, 30_000],
  // gRPC sends no call more than five times.
  GRPC_CLIENT_MAX_RETRIES: [0, 4, 3],
  GRPC_CLIENT_RETRY_BACKOFF_BASE_MS: [1, dayMs, 100],
  GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD: [1, 1_000_000, 5],
  GRPC_CLIENT_CIRCUIT_BREAKER_TIMEOUT_MS: [1, dayMs, 30_000],
} as const;

// Kubernetes tells each container of each Service in its namespace; one called "grpc-client" or
// "grpc-client-…" gets names that begin as ours do.
// https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
const serviceLink = /_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)$/;

/**
 * Reads the settings of a client from variables like `GRPC_CLIENT_MAX_RETRIES`. Throws a TypeError
 * with one line for each that is wrong or unknown: a limit that is misspelt must not be no limit.
 */
export function readClientSettings(environment: Environment = process.env): GrpcClientSettings {
  const faults: string[] = [];

  function read(name: Name): number {
    const [min, max, fallback] = integers[name];
    const text = environment[name] ?? String(fallback);
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      const must = `must be an integer from ${min} to ${max}`;
      // Quoted, so that it stays on its line.
      faults.push(`${name} ${must}, got ${JSON.stringify(text)}`);
    }
    return value;
  }

  const settings = {
    defaultTimeoutMs: read("GRPC_CLIENT_DEFAULT_TIMEOUT_MS"),
    maxRetries: read("GRPC_CLIENT_MAX_RETRIES"),
    retryBackoffBaseMs: read("GRPC_CLIENT_RETRY_BACKOFF_BASE_MS"),
    circuitBreakerThreshold: read("GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD"),
    circuitBreakerTimeoutMs: read("GRPC_CLIENT_CIRCUIT_BREAKER_TIMEOUT_MS"),
  };
  faults.push(...unknownVariables(environment));
  if (faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return settings;
}

function unknownVariables(environment: Environment): string[] {
  return (
    Object.keys(environment)
      .filter(
        (name) =>
          environment[name] !== undefined &&
          name.startsWith(prefix) &&
          !(name in integers) &&
          !serviceLink.test(name),
      )
      // Without its value, which may be a secret of somebody else's.
      .map((name) => `${name} is unknown; known are ${Object.keys(integers).join(", ")}`)
  );
}
