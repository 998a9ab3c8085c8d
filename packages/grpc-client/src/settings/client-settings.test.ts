import { describe, expect, it, vi } from "vitest";
import { checkCircuitOptions } from "../breaker/circuit-options.ts";
import { createClientFactory } from "../client-factory.ts";
import { resolveRetry } from "../retry/retry-policy.ts";
import { readClientSettings } from "./read-client-settings.ts";
import { toClientOptions } from "./to-client-options.ts";

const known = [
  "GRPC_CLIENT_DEFAULT_TIMEOUT_MS",
  "GRPC_CLIENT_MAX_RETRIES",
  "GRPC_CLIENT_RETRY_BACKOFF_BASE_MS",
  "GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD",
  "GRPC_CLIENT_CIRCUIT_BREAKER_TIMEOUT_MS",
];

/** The lines of what is thrown. */
function faultsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readClientSettings(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message.split("\n");
  }
  return [];
}

describe("readClientSettings", () => {
  it("has defaults", () => {
    expect(readClientSettings({})).toEqual({
      defaultTimeoutMs: 30_000,
      maxRetries: 3,
      retryBackoffBaseMs: 100,
      circuitBreakerThreshold: 5,
      circuitBreakerTimeoutMs: 30_000,
    });
  });

  it("reads each variable", () => {
    const environment = Object.fromEntries(known.map((name, index) => [name, String(index)]));
    environment.GRPC_CLIENT_DEFAULT_TIMEOUT_MS = "86400000";
    expect(readClientSettings(environment)).toEqual({
      defaultTimeoutMs: 86_400_000,
      maxRetries: 1,
      retryBackoffBaseMs: 2,
      circuitBreakerThreshold: 3,
      circuitBreakerTimeoutMs: 4,
    });
  });

  it("reads the environment of the process unless it is given another", () => {
    vi.stubEnv("GRPC_CLIENT_MAX_RETRIES", "1");
    expect(readClientSettings().maxRetries).toBe(1);
  });

  it("ignores variables of others, and ones that are not set", () => {
    expect(faultsOf({ PATH: "/bin", GRPC_CLIENTS: "2", GRPC_CLIENT_X: undefined })).toEqual([]);
  });

  it("reports all faults at once, a line for each", () => {
    const environment = {
      GRPC_CLIENT_DEFAULT_TIMEOUT_MS: "0",
      GRPC_CLIENT_MAX_RETRIES: "5",
      GRPC_CLIENT_RETRY_BACKOFF_BASE_MS: "86400001",
      GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD: "",
      GRPC_CLIENT_CIRCUIT_BREAKER_TIMEOUT_MS: "30\ns",
      GRPC_CLIENT_CIRCUIT_BREAKER_TRESHOLD: "s3cret",
    };
    expect(faultsOf(environment)).toEqual([
      'GRPC_CLIENT_DEFAULT_TIMEOUT_MS must be an integer from 1 to 86400000, got "0"',
      'GRPC_CLIENT_MAX_RETRIES must be an integer from 0 to 4, got "5"',
      'GRPC_CLIENT_RETRY_BACKOFF_BASE_MS must be an integer from 1 to 86400000, got "86400001"',
      'GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD must be an integer from 1 to 1000000, got ""',
      'GRPC_CLIENT_CIRCUIT_BREAKER_TIMEOUT_MS must be an integer from 1 to 86400000, got "30\\ns"',
      `GRPC_CLIENT_CIRCUIT_BREAKER_TRESHOLD is unknown; known are ${known.join(", ")}`,
    ]);
  });

  it.each(["-1", " 1", "1.5", "1e1", "0x1", "1_000", "NaN", "Infinity", "1000001", "one"])(
    "takes no %o for an integer",
    (text) => {
      expect(faultsOf({ GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD: text })).toEqual([
        expect.stringMatching(/^GRPC_CLIENT_CIRCUIT_BREAKER_THRESHOLD must be an integer from 1 /),
      ]);
    },
  );

  it.each(["GRPC_CLIENT", "GRPC_CLIENT_CANARY"])(
    "leaves alone what Kubernetes sets for a Service, as %s_PORT",
    (name) => {
      const environment = {
        [`${name}_SERVICE_HOST`]: "10.0.0.1",
        [`${name}_SERVICE_PORT`]: "50051",
        [`${name}_SERVICE_PORT_GRPC`]: "50051",
        [`${name}_PORT`]: "tcp://10.0.0.1:50051",
        [`${name}_PORT_50051_TCP`]: "tcp://10.0.0.1:50051",
        [`${name}_PORT_50051_TCP_PROTO`]: "tcp",
        [`${name}_PORT_50051_TCP_PORT`]: "50051",
        [`${name}_PORT_50051_TCP_ADDR`]: "10.0.0.1",
      };
      expect(faultsOf(environment)).toEqual([]);
      for (const unknown of [`${name}_PORTS`, `${name}_TRANSPORT`]) {
        expect(faultsOf({ [unknown]: "1" })).toEqual([expect.stringMatching("is unknown")]);
      }
    },
  );
});

describe("toClientOptions", () => {
  const optionsOf = (environment: Record<string, string>) =>
    toClientOptions(readClientSettings(environment));

  it("gives the defaults of createClientFactory where nothing is set", () => {
    const { defaultTimeoutMs, retry, circuitBreaker, ...rest } = optionsOf({});
    expect(defaultTimeoutMs).toBe(30_000);
    expect(resolveRetry(retry)).toEqual(resolveRetry());
    expect(checkCircuitOptions(circuitBreaker || {})).toEqual(checkCircuitOptions({}));
    expect(rest).toEqual({});
  });

  it("has a place for each setting", () => {
    const environment = Object.fromEntries(known.map((name, index) => [name, String(index + 1)]));
    expect(optionsOf(environment)).toEqual({
      defaultTimeoutMs: 1,
      retry: { maxRetries: 2, backoffBaseMs: 3, maxBackoffMs: 1_000 },
      circuitBreaker: { threshold: 4, timeoutMs: 5 },
    });
  });

  it("has no retries where there are to be none", () => {
    expect(optionsOf({ GRPC_CLIENT_MAX_RETRIES: "0" }).retry).toBe(false);
    expect(optionsOf({ GRPC_CLIENT_MAX_RETRIES: "1" }).retry).toMatchObject({ maxRetries: 1 });
  });

  it.each(["1", "1000", "1001", "86400000"])("takes a first delay of %s ms", (ms) => {
    const options = optionsOf({ GRPC_CLIENT_RETRY_BACKOFF_BASE_MS: ms });
    expect(options.retry).toMatchObject({ backoffBaseMs: Number(ms) });
    expect(() => createClientFactory(options)).not.toThrow();
  });

  it.each([
    ["least", ["1", "0", "1", "1", "1"]],
    ["most", ["86400000", "4", "86400000", "1000000", "86400000"]],
  ])("gives what createClientFactory takes where all is the %s", (_name, values) => {
    const environment = Object.fromEntries(
      known.map((name, index) => [name, String(values[index])]),
    );
    expect(() => createClientFactory(optionsOf(environment))).not.toThrow();
  });
});
