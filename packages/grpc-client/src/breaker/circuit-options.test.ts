import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import type { CircuitBreakerOptions } from "../client-options.ts";
import { checkCircuitOptions } from "./circuit-options.ts";

describe("checkCircuitOptions", () => {
  it("has defaults", () => {
    expect(checkCircuitOptions({})).toEqual({
      threshold: 5,
      timeoutMs: 30_000,
      codes: [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL],
    });
  });

  it("keeps what it is given, and does not see later changes of it", () => {
    const codes = [status.UNKNOWN];
    const checked = checkCircuitOptions({ threshold: 1, timeoutMs: 1.5, codes });
    codes.push(status.ABORTED);
    expect(checked).toEqual({ threshold: 1, timeoutMs: 1.5, codes: [status.UNKNOWN] });
  });

  it.each<[object, string]>([
    [{ threshold: 0 }, "circuitBreaker.threshold must be an integer from 1 to 1000000, got 0"],
    [{ threshold: 2.5 }, "circuitBreaker.threshold must be an integer from 1 to 1000000, got 2.5"],
    [{ threshold: "5" }, "circuitBreaker.threshold must be an integer from 1 to 1000000, got '5'"],
    [
      { threshold: Infinity },
      "circuitBreaker.threshold must be an integer from 1 to 1000000, got Infinity",
    ],
    [{ timeoutMs: 0 }, "circuitBreaker.timeoutMs must be a number from 1 to 86400000, got 0"],
    [{ timeoutMs: NaN }, "circuitBreaker.timeoutMs must be a number from 1 to 86400000, got NaN"],
    [
      { timeoutMs: Infinity },
      "circuitBreaker.timeoutMs must be a number from 1 to 86400000, got Infinity",
    ],
    [
      { codes: [] },
      "circuitBreaker.codes must be status codes other than OK, at least one, got []",
    ],
    [{ codes: [0] }, "circuitBreaker.codes must be status codes other than OK"],
    [{ codes: [14, 17] }, "circuitBreaker.codes must be status codes other than OK"],
    [{ codes: ["OK"] }, "circuitBreaker.codes must be status codes other than OK"],
    [{ codes: "UNAVAILABLE" }, "circuitBreaker.codes must be status codes other than OK"],
  ])("refuses %o", (options, message) => {
    const check = () => checkCircuitOptions(options as CircuitBreakerOptions);
    expect(check).toThrow(RangeError);
    expect(check).toThrow(message);
  });

  it.each<[unknown, string]>([
    [null, "circuitBreaker must be an object, got null"],
    [true, "circuitBreaker must be an object, got true"],
    [[], "circuitBreaker must be an object, got []"],
    [{ treshold: 3 }, "circuitBreaker must be of threshold, timeoutMs, codes, got 'treshold'"],
  ])("refuses %o", (options, message) => {
    const check = () => checkCircuitOptions(options as CircuitBreakerOptions);
    expect(check).toThrow(TypeError);
    expect(check).toThrow(message);
  });
});
