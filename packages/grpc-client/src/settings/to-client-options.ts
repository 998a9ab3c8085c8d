import type { ClientFactoryOptions } from "../client-options.ts";
import type { GrpcClientSettings } from "./client-settings.ts";

/** The options for `createClientFactory` that the settings give. */
export function toClientOptions(settings: GrpcClientSettings): ClientFactoryOptions {
  const { maxRetries, retryBackoffBaseMs } = settings;
  return {
    defaultTimeoutMs: settings.defaultTimeoutMs,
    retry: maxRetries > 0 && {
      maxRetries,
      backoffBaseMs: retryBackoffBaseMs,
      // The default, unless the first delay is longer than that.
      maxBackoffMs: Math.max(1_000, retryBackoffBaseMs),
    },
    circuitBreaker: {
      threshold: settings.circuitBreakerThreshold,
      timeoutMs: settings.circuitBreakerTimeoutMs,
    },
  };
}
