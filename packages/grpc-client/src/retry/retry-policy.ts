import { inspect } from "node:util";
import { type MethodConfig, type RetryPolicy, type ServiceConfig, status } from "@grpc/grpc-js";
import {
  checkBackoff,
  checkDelay,
  checkInteger,
  checkNames,
  checkNumber,
} from "../check-option.ts";
import type { HedgingOptions, RetryOptions, RetryPolicyOptions } from "../client-options.ts";

export type HedgingPolicy = NonNullable<MethodConfig["hedgingPolicy"]>;
export type RetryThrottling = NonNullable<ServiceConfig["retryThrottling"]>;

/** What a client has for all methods. */
export interface DefaultRetry {
  /** Undefined: calls are sent once. */
  readonly policy: RetryPolicy | undefined;
  /** Undefined: retries never stop. */
  readonly throttling: RetryThrottling | undefined;
}

type ThrottlingOptions = NonNullable<RetryOptions["throttling"]>;

const policyNames = ["maxRetries", "backoffBaseMs", "maxBackoffMs", "backoffMultiplier", "codes"];
const hedgingNames = ["delayMs", "maxAttempts", "nonFatalCodes"];

/** The client's own options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function resolveRetry(options: RetryOptions | false = {}): DefaultRetry {
  if (options === false) {
    // Methods may have policies of their own.
    return { policy: undefined, throttling: resolveThrottling({}) };
  }
  checkNames("retry", options, [...policyNames, "throttling"]);
  const { throttling = {}, ...policy } = options;
  return {
    policy: resolveRetryPolicy("retry", policy),
    throttling: throttling === false ? undefined : resolveThrottling(throttling),
  };
}

/** The policy as a service config has it. `name` is what errors call it: "methods.getItem.retry". */
export function resolveRetryPolicy(name: string, options: RetryPolicyOptions): RetryPolicy {
  checkNames(name, options, policyNames);
  const {
    maxRetries = 3,
    backoffBaseMs = 100,
    maxBackoffMs = 1_000,
    backoffMultiplier = 2,
    codes = [status.UNAVAILABLE],
  } = options;
  // More than five attempts in all are cut off by grpc-js, as the specification wants it.
  checkInteger(`${name}.maxRetries`, maxRetries, 1, 4);
  checkBackoff(`${name}.`, backoffBaseMs, maxBackoffMs);
  checkNumber(`${name}.backoffMultiplier`, backoffMultiplier, 1, 1_000);
  return {
    maxAttempts: maxRetries + 1,
    initialBackoff: toSeconds(backoffBaseMs),
    maxBackoff: toSeconds(maxBackoffMs),
    backoffMultiplier,
    retryableStatusCodes: resolveCodes(`${name}.codes`, codes, 1),
  };
}

/** The policy as a service config has it. `name` is what errors call it: "methods.getItem.hedging". */
export function resolveHedgingPolicy(name: string, options: HedgingOptions): HedgingPolicy {
  checkNames(name, options, hedgingNames);
  const { delayMs, maxAttempts = 2, nonFatalCodes = [status.UNAVAILABLE] } = options;
  checkDelay(`${name}.delayMs`, delayMs, 0);
  checkInteger(`${name}.maxAttempts`, maxAttempts, 2, 5);
  return {
    maxAttempts,
    hedgingDelay: toSeconds(delayMs),
    nonFatalStatusCodes: resolveCodes(`${name}.nonFatalCodes`, nonFatalCodes, 0),
  };
}

function resolveThrottling(options: Exclude<ThrottlingOptions, false>): RetryThrottling {
  checkNames("retry.throttling", options, ["maxTokens", "tokenRatio"]);
  const { maxTokens = 100, tokenRatio = 0.1 } = options;
  checkInteger("retry.throttling.maxTokens", maxTokens, 1, 1_000);
  // Of a smaller ratio nothing is left when it is cut to three decimals.
  checkNumber("retry.throttling.tokenRatio", tokenRatio, 0.001, 1_000);
  return { maxTokens, tokenRatio };
}

// In one order and each once, so that policies that do the same are equal.
function resolveCodes(name: string, codes: readonly status[], min: number): status[] {
  if (!Array.isArray(codes) || codes.length < min || !codes.every(isFailure)) {
    const least = min === 0 ? "" : ", at least one";
    throw new RangeError(
      `${name} must be status codes other than OK${least}, got ${inspect(codes)}`,
    );
  }
  return [...new Set(codes)].sort((a, b) => a - b);
}

function isFailure(code: unknown): boolean {
  return typeof code === "number" && code !== status.OK && status[code] !== undefined;
}

// https://protobuf.dev/programming-guides/json/ has durations with up to nine decimals, never 1e-7.
function toSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(9).replace(/\.?0+$/, "")}s`;
}
