import { Client, credentials } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import fc, { constant, double, integer, oneof, record, subarray } from "fast-check";
import { describe, expect, it } from "vitest";
import { readIdempotency } from "./idempotency.ts";
import { resolveRetry } from "./retry-policy.ts";
import { toServiceConfig } from "./service-config.ts";
import { compileServicePolicy } from "./service-policy.ts";

const idempotency = readIdempotency([fileDescriptorSet()]);
const loadBalancing = [{ round_robin: {} }];

/** Throws if grpc-js would not have the config. */
function tryInGrpcJs(config: object): void {
  const options = { "grpc.service_config": JSON.stringify(config) };
  new Client("127.0.0.1:1", credentials.createInsecure(), options).close();
}

const oneToDay = double({ min: 1, max: 86_400_000, noNaN: true });
const retryOptions = record({
  maxRetries: integer({ min: 1, max: 4 }),
  backoffBaseMs: oneToDay,
  maxBackoffMs: constant(86_400_000),
  backoffMultiplier: double({ min: 1, max: 1_000, noNaN: true }),
  codes: subarray(
    Array.from({ length: 16 }, (_, index) => index + 1),
    { minLength: 1 },
  ),
  throttling: oneof(
    constant(false as const),
    record({
      maxTokens: integer({ min: 1, max: 1_000 }),
      tokenRatio: double({ min: 0.001, max: 1_000, noNaN: true }),
    }),
  ),
});
const hedgingOptions = record({
  delayMs: double({ min: 0, max: 86_400_000, noNaN: true }),
  maxAttempts: integer({ min: 2, max: 5 }),
});

describe("toServiceConfig", () => {
  it("is of all policies, with throttling if there is any", () => {
    const { policy: retry, throttling } = resolveRetry();
    const policy = compileServicePolicy({ definition: ItemServiceService, idempotency, retry });
    const config = toServiceConfig({ policies: [policy], loadBalancing, throttling });
    expect(config.loadBalancingConfig).toEqual(loadBalancing);
    expect(config.methodConfig.map(({ name }) => name)).toEqual(
      policy.methodConfigs.map(({ name }) => name),
    );
    expect(config.retryThrottling).toEqual({ maxTokens: 100, tokenRatio: 0.1 });
    expect(toServiceConfig({ policies: [], loadBalancing, throttling: undefined })).toEqual({
      loadBalancingConfig: loadBalancing,
      methodConfig: [],
    });
  });

  it("is one that grpc-js takes, for all options that are not refused", () => {
    fc.assert(
      fc.property(retryOptions, hedgingOptions, (options, hedging) => {
        const { policy: retry, throttling } = resolveRetry(options);
        const methods = { getItem: { hedging } };
        const definition = ItemServiceService;
        const policy = compileServicePolicy({ definition, idempotency, retry, methods });
        const config = toServiceConfig({ policies: [policy], loadBalancing, throttling });
        tryInGrpcJs(config);
        expect(JSON.parse(JSON.stringify(config))).toEqual(config);
      }),
    );
    expect(() => tryInGrpcJs({ methodConfig: [{ name: 1 }] })).toThrow("Invalid method config");
  });
});
