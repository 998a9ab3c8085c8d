import { type MethodConfig, status } from "@grpc/grpc-js";
import type { ServicePolicy } from "../channel/call-source.ts";
import { methodConfigOf } from "./service-policy.ts";

/**
 * A policy that is also for INTERNAL, which is what grpc-js tells of some connections that are lost.
 * Stubs end calls of any other INTERNAL before grpc-js sends them again.
 */
export function retryingLostConnections(config: MethodConfig): MethodConfig {
  const { retryPolicy, hedgingPolicy } = config;
  return {
    ...config,
    ...(retryPolicy && {
      retryPolicy: {
        ...retryPolicy,
        retryableStatusCodes: withInternal(retryPolicy.retryableStatusCodes),
      },
    }),
    ...(hedgingPolicy && {
      hedgingPolicy: {
        ...hedgingPolicy,
        nonFatalStatusCodes: withInternal(hedgingPolicy.nonFatalStatusCodes ?? []),
      },
    }),
  };
}

/** Whether the policy of a method is itself for INTERNAL. */
export function retriesInternal(policy: ServicePolicy, path: string): boolean {
  const config = methodConfigOf(policy, path);
  const codes = [
    ...(config?.retryPolicy?.retryableStatusCodes ?? []),
    ...(config?.hedgingPolicy?.nonFatalStatusCodes ?? []),
  ];
  return codes.includes(status.INTERNAL);
}

type Codes = NonNullable<MethodConfig["retryPolicy"]>["retryableStatusCodes"];

function withInternal(codes: Codes): Codes {
  return codes.includes(status.INTERNAL) ? codes : [...codes, status.INTERNAL];
}
