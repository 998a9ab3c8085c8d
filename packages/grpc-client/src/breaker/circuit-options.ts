import { inspect } from "node:util";
import { status } from "@grpc/grpc-js";
import type { CircuitBreakerOptions } from "../client-options.ts";

const names = ["threshold", "timeoutMs", "codes"];

/** The options with their defaults. Throws a TypeError or RangeError that names a wrong one. */
export function checkCircuitOptions(
  options: CircuitBreakerOptions,
): Required<CircuitBreakerOptions> {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`circuitBreaker must be an object or false, got ${inspect(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`circuitBreaker must be of ${names.join(", ")}, got ${inspect(unknown)}`);
  }
  const {
    threshold = 5,
    timeoutMs = 30_000,
    codes = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL],
  } = options;
  if (!Number.isSafeInteger(threshold) || threshold < 1) {
    refuse("threshold", "a positive integer", threshold);
  }
  // A circuit that stays open until the process ends helps nobody.
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    refuse("timeoutMs", "a positive number", timeoutMs);
  }
  if (!Array.isArray(codes) || codes.length === 0 || !codes.every(isFailure)) {
    refuse("codes", "status codes other than OK, at least one", codes);
  }
  return { threshold, timeoutMs, codes: [...codes] };
}

function isFailure(code: unknown): boolean {
  return typeof code === "number" && code !== status.OK && status[code] !== undefined;
}

function refuse(name: string, must: string, value: unknown): never {
  throw new RangeError(`circuitBreaker.${name} must be ${must}, got ${inspect(value)}`);
}
