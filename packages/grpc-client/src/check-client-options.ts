import { inspect } from "node:util";
import { createCircuits } from "./breaker/circuits.ts";
import { checkDelay, checkNames, checkNumber } from "./check-option.ts";
import type { BudgetOptions, ClientFactoryOptions } from "./client-options.ts";
import { createHedgeThrottles } from "./retry/hedge-throttle.ts";
import { readIdempotency } from "./retry/idempotency.ts";
import { resolveRetry } from "./retry/retry-policy.ts";
import type { StubContext } from "./stub/create-stub.ts";

const optionNames = [
  "defaultTimeoutMs",
  "defaultStreamTimeoutMs",
  "retry",
  "circuitBreaker",
  "budget",
  "descriptorSets",
  "interceptors",
  "observer",
];

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function checkClientOptions(options: ClientFactoryOptions): StubContext {
  checkNames("options", options, optionNames);
  const {
    defaultTimeoutMs = 30_000,
    defaultStreamTimeoutMs,
    retry,
    circuitBreaker,
    budget = {},
    descriptorSets = [],
    interceptors = [],
    observer = {},
  } = options;
  checkDelay("defaultTimeoutMs", defaultTimeoutMs, 1);
  if (defaultStreamTimeoutMs !== undefined && defaultStreamTimeoutMs !== "none") {
    checkDelay("defaultStreamTimeoutMs", defaultStreamTimeoutMs, 1);
  }
  if (!(Array.isArray(interceptors) && interceptors.every((one) => typeof one === "function"))) {
    throw new TypeError(
      `interceptors must be functions of grpc-js's Interceptor type, got ${inspect(interceptors)}`,
    );
  }
  checkNames("observer", observer, ["onAttemptFailed", "onCircuitChange", "onConnectionsChange"]);
  const resolved = resolveRetry(retry);
  return {
    timeoutMs: defaultTimeoutMs,
    streamTimeoutMs: defaultStreamTimeoutMs,
    budget: checkBudget(budget),
    retry: resolved,
    hedgeThrottles: createHedgeThrottles(resolved.throttling),
    idempotency: readIdempotency(descriptorSets),
    circuits: createCircuits(circuitBreaker, observer),
    interceptors,
    observer,
  };
}

function checkBudget(options: BudgetOptions): Required<BudgetOptions> {
  checkNames("budget", options, ["reserveMs", "reserveRatio", "propagateCancellation"]);
  const { reserveMs = 10, reserveRatio = 0.05, propagateCancellation = true } = options;
  checkDelay("budget.reserveMs", reserveMs, 0);
  checkNumber("budget.reserveRatio", reserveRatio, 0, 1);
  if (typeof propagateCancellation !== "boolean") {
    throw new TypeError(
      `budget.propagateCancellation must be true or false, got ${inspect(propagateCancellation)}`,
    );
  }
  return { reserveMs, reserveRatio, propagateCancellation };
}
