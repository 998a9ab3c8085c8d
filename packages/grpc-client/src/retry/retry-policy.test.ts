import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import type { HedgingOptions, RetryOptions } from "../client-options.ts";
import { resolveHedgingPolicy, resolveRetry, resolveRetryPolicy } from "./retry-policy.ts";

describe("resolveRetry", () => {
  it("has defaults", () => {
    expect(resolveRetry()).toEqual({
      policy: {
        maxAttempts: 4,
        initialBackoff: "0.1s",
        maxBackoff: "1s",
        backoffMultiplier: 2,
        retryableStatusCodes: [status.UNAVAILABLE],
      },
      throttling: { maxTokens: 100, tokenRatio: 0.1 },
    });
  });

  it("leaves methods that have policies of their own throttled", () => {
    const throttling = { maxTokens: 100, tokenRatio: 0.1 };
    expect(resolveRetry(false)).toEqual({ policy: undefined, throttling });
  });

  it("takes what is given", () => {
    const { policy, throttling } = resolveRetry({
      maxRetries: 1,
      backoffBaseMs: 1.5,
      maxBackoffMs: 100_000,
      backoffMultiplier: 1,
      codes: [status.UNAVAILABLE, status.ABORTED, status.UNAVAILABLE],
      throttling: { maxTokens: 1_000 },
    });
    expect(policy).toEqual({
      maxAttempts: 2,
      initialBackoff: "0.0015s",
      maxBackoff: "100s",
      backoffMultiplier: 1,
      retryableStatusCodes: [status.ABORTED, status.UNAVAILABLE],
    });
    expect(throttling).toEqual({ maxTokens: 1_000, tokenRatio: 0.1 });
    expect(resolveRetry({ throttling: false }).throttling).toBeUndefined();
  });

  const codesMessage = "retry.codes must be status codes other than OK, at least one, got";

  it.each<[unknown, string]>([
    [{ maxRetries: 0 }, "retry.maxRetries must be an integer from 1 to 4, got 0"],
    [{ maxRetries: 5 }, "retry.maxRetries must be an integer from 1 to 4, got 5"],
    [{ maxRetries: 1.5 }, "retry.maxRetries must be an integer from 1 to 4, got 1.5"],
    [{ maxRetries: "3" }, "retry.maxRetries must be an integer from 1 to 4, got '3'"],
    [{ backoffBaseMs: 0 }, "retry.backoffBaseMs must be a number from 1 to 86400000, got 0"],
    [{ backoffBaseMs: Number.NaN }, "retry.backoffBaseMs must be a number from 1 to 86400000"],
    [{ backoffBaseMs: 1_001 }, "retry.backoffBaseMs must be at most retry.maxBackoffMs, 1000, got"],
    [{ maxBackoffMs: 1 / 0 }, "retry.maxBackoffMs must be a number from 1 to 86400000, got Inf"],
    [
      { backoffMultiplier: 0.5 },
      "retry.backoffMultiplier must be a number from 1 to 1000, got 0.5",
    ],
    [{ backoffMultiplier: 1 / 0 }, "retry.backoffMultiplier must be a number from 1 to 1000, got"],
    [{ codes: [] }, `${codesMessage} []`],
    [{ codes: [14, 0] }, `${codesMessage} [ 14, 0 ]`],
    [{ codes: [17] }, `${codesMessage} [ 17 ]`],
    [{ codes: ["UNAVAILABLE"] }, `${codesMessage} [ 'UNAVAILABLE' ]`],
    [{ codes: 14 }, `${codesMessage} 14`],
    [{ throttling: { maxTokens: 0 } }, "retry.throttling.maxTokens must be an integer from 1 to"],
    [{ throttling: { maxTokens: 1_001 } }, "retry.throttling.maxTokens must be an integer from 1"],
    [{ throttling: { tokenRatio: 0.0009 } }, "retry.throttling.tokenRatio must be a number from 0"],
  ])("throws a RangeError for %o", (options, message) => {
    expect(() => resolveRetry(options as RetryOptions)).toThrow(RangeError);
    expect(() => resolveRetry(options as RetryOptions)).toThrow(message);
  });

  it.each<[unknown, string]>([
    [true, "retry must be an object, got true"],
    [null, "retry must be an object, got null"],
    [
      { maxAttempts: 3 },
      "retry must be of maxRetries, backoffBaseMs, maxBackoffMs, backoffMultiplier, codes, throttling, got 'maxAttempts'",
    ],
    [{ throttling: true }, "retry.throttling must be an object, got true"],
    [{ throttling: { tokens: 1 } }, "retry.throttling must be of maxTokens, tokenRatio, got 'tok"],
  ])("throws a TypeError for %o", (options, message) => {
    expect(() => resolveRetry(options as RetryOptions)).toThrow(TypeError);
    expect(() => resolveRetry(options as RetryOptions)).toThrow(message);
  });
});

describe("resolveRetryPolicy", () => {
  it("throws errors with the name that it is given, and knows no throttling", () => {
    const name = "methods.getItem.retry";
    expect(() => resolveRetryPolicy(name, { maxRetries: 9 })).toThrow(`${name}.maxRetries must be`);
    expect(() => resolveRetryPolicy(name, { throttling: false } as RetryOptions)).toThrow(
      `${name} must be of maxRetries, backoffBaseMs, maxBackoffMs, backoffMultiplier, codes, got`,
    );
  });
});

describe("resolveHedgingPolicy", () => {
  it("has defaults", () => {
    expect(resolveHedgingPolicy("hedging", { delayMs: 0 })).toEqual({
      maxAttempts: 2,
      hedgingDelay: "0s",
      nonFatalStatusCodes: [status.UNAVAILABLE],
    });
  });

  it("takes what is given, with no codes as well", () => {
    expect(
      resolveHedgingPolicy("hedging", { delayMs: 20, maxAttempts: 5, nonFatalCodes: [] }),
    ).toEqual({ maxAttempts: 5, hedgingDelay: "0.02s", nonFatalStatusCodes: [] });
  });

  it.each<[unknown, string]>([
    [{}, "hedging.delayMs must be a number from 0 to 86400000, got undefined"],
    [{ delayMs: -1 }, "hedging.delayMs must be a number from 0 to 86400000, got -1"],
    [{ delayMs: 1, maxAttempts: 1 }, "hedging.maxAttempts must be an integer from 2 to 5, got 1"],
    [{ delayMs: 1, maxAttempts: 6 }, "hedging.maxAttempts must be an integer from 2 to 5, got 6"],
    [
      { delayMs: 1, nonFatalCodes: [0] },
      "hedging.nonFatalCodes must be status codes other than OK, got [ 0 ]",
    ],
    [{ delay: 1 }, "hedging must be of delayMs, maxAttempts, nonFatalCodes, got 'delay'"],
  ])("throws for %o", (options, message) => {
    expect(() => resolveHedgingPolicy("hedging", options as HedgingOptions)).toThrow(message);
  });
});
