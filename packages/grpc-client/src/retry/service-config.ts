import type { LoadBalancingConfig, ServiceConfig } from "@grpc/grpc-js";
import type { ServicePolicy } from "../channel/call-source.ts";
import { retryingLostConnections } from "./lost-connections.ts";
import type { RetryThrottling } from "./retry-policy.ts";

export interface ServiceConfigParts {
  /** Of the services that stubs have been made for, each once. */
  readonly policies: Iterable<ServicePolicy>;
  readonly loadBalancing: readonly LoadBalancingConfig[];
  /** Undefined: retries never stop. */
  readonly throttling: RetryThrottling | undefined;
}

/** What grpc-js takes, as JSON, for the option "grpc.service_config". */
export function toServiceConfig({
  policies,
  loadBalancing,
  throttling,
}: ServiceConfigParts): ServiceConfig {
  return {
    loadBalancingConfig: [...loadBalancing],
    methodConfig: Array.from(policies).flatMap(({ methodConfigs }) =>
      methodConfigs.map(retryingLostConnections),
    ),
    ...(throttling === undefined ? {} : { retryThrottling: throttling }),
  };
}
