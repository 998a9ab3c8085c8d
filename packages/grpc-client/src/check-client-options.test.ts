import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { checkClientOptions } from "./check-client-options.ts";
import { createClientFactory } from "./client-factory.ts";
import type { ClientFactoryOptions } from "./client-options.ts";

describe("checkClientOptions", () => {
  it("has defaults", () => {
    const { timeoutMs, streamTimeoutMs, budget, retry, interceptors } = checkClientOptions({});
    expect({ timeoutMs, streamTimeoutMs, budget, interceptors }).toEqual({
      timeoutMs: 30_000,
      streamTimeoutMs: undefined,
      budget: { reserveMs: 10, reserveRatio: 0.05, propagateCancellation: true },
      interceptors: [],
    });
    expect(retry.policy?.retryableStatusCodes).toEqual([status.UNAVAILABLE]);
  });

  it("takes what is given", () => {
    const observer = { onAttemptFailed() {} };
    const budget = { reserveMs: 0, reserveRatio: 1, propagateCancellation: false };
    const given = {
      defaultTimeoutMs: 1,
      defaultStreamTimeoutMs: "none",
      budget,
      observer,
    } as const;
    expect(checkClientOptions({ ...given, retry: false, circuitBreaker: false })).toMatchObject({
      timeoutMs: 1,
      streamTimeoutMs: "none",
      budget,
      observer,
      retry: { policy: undefined },
    });
    expect(
      checkClientOptions({ circuitBreaker: false }).circuits.circuitOf("a", "/b"),
    ).toBeUndefined();
  });

  const names =
    "defaultTimeoutMs, defaultStreamTimeoutMs, retry, circuitBreaker, budget, descriptorSets, interceptors, observer";
  const delays = "a number from 1 to 86400000";

  it.each<[unknown, ErrorConstructor, string]>([
    [null, TypeError, "options must be an object, got null"],
    [{ timeoutMs: 5 }, TypeError, `options must be of ${names}, got 'timeoutMs'`],
    [{ defaultTimeoutMs: 0 }, RangeError, `defaultTimeoutMs must be ${delays}, got 0`],
    [{ defaultTimeoutMs: "none" }, RangeError, `defaultTimeoutMs must be ${delays}, got 'none'`],
    [{ defaultTimeoutMs: Number.NaN }, RangeError, `defaultTimeoutMs must be ${delays}, got NaN`],
    [
      { defaultStreamTimeoutMs: -1 },
      RangeError,
      `defaultStreamTimeoutMs must be ${delays}, got -1`,
    ],
    [
      { retry: { maxRetries: 9 } },
      RangeError,
      "retry.maxRetries must be an integer from 1 to 4, got 9",
    ],
    [{ retry: null }, TypeError, "retry must be an object, got null"],
    [{ circuitBreaker: { treshold: 1 } }, TypeError, "circuitBreaker must be of "],
    [{ budget: { reserve: 1 } }, TypeError, "budget must be of reserveMs, reserveRatio, prop"],
    [{ budget: { reserveMs: -1 } }, RangeError, "budget.reserveMs must be a number from 0 to 8"],
    [
      { budget: { reserveRatio: 2 } },
      RangeError,
      "budget.reserveRatio must be a number from 0 to 1, ",
    ],
    [
      { budget: { propagateCancellation: 1 } },
      TypeError,
      "budget.propagateCancellation must be true or false, got 1",
    ],
    [{ descriptorSets: "x" }, TypeError, "descriptorSets must be an array, got 'x'"],
    [
      { interceptors: [{}] },
      TypeError,
      "interceptors must be functions of grpc-js's Interceptor type",
    ],
    [{ interceptors: () => {} }, TypeError, "interceptors must be functions"],
    [
      { observer: { onRetry() {} } },
      TypeError,
      "observer must be of onAttemptFailed, onCircuitCha",
    ],
  ])("refuses %j", (options, type, message) => {
    const check = () => createClientFactory(options as ClientFactoryOptions);
    expect(check).toThrow(type);
    expect(check).toThrow(message);
  });
});
