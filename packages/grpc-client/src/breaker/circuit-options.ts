import { inspect } from "node:util";
import { status } from "@grpc/grpc-js";
import { checkDelay, checkInteger, checkNames } from "../check-option.ts";
import type { CircuitBreakerOptions } from "../client-options.ts";

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function checkCircuitOptions(
  options: CircuitBreakerOptions,
): Required<CircuitBreakerOptions> {
  checkNames("circuitBreaker", options, ["threshold", "timeoutMs", "codes"]);
  const {
    threshold = 5,
    timeoutMs = 30_000,
    codes = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL],
  } = options;
  checkInteger("circuitBreaker.threshold", threshold, 1, 1_000_000);
  checkDelay("circuitBreaker.timeoutMs", timeoutMs, 1);
  if (!Array.isArray(codes) || codes.length === 0 || !codes.every(isFailure)) {
    const must = "must be status codes other than OK, at least one";
    throw new RangeError(`circuitBreaker.codes ${must}, got ${inspect(codes)}`);
  }
  return { threshold, timeoutMs, codes: [...codes] };
}

function isFailure(code: unknown): boolean {
  return typeof code === "number" && code !== status.OK && status[code] !== undefined;
}
