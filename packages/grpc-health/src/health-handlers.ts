import { status } from "@grpc/grpc-js";
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  type HealthListRequest,
  type HealthListResponse,
  HealthService,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { NotFoundError, StatusError, ValidationError } from "@grpc-kit/grpc-status";
import type { HealthRegistry } from "./health-registry.ts";
import type { WatchedStatus } from "./serving-status.ts";

/** Handlers of grpc.health.v1.Health; `addService` of grpc-server takes them as they are. */
export interface HealthHandlers {
  check(request: HealthCheckRequest): HealthCheckResponse;
  watch(
    request: HealthCheckRequest,
    context: { readonly signal: AbortSignal },
  ): AsyncIterable<HealthCheckResponse>;
  list(request: HealthListRequest): HealthListResponse;
}

/**
 * The paths of the methods that load balancers and probes call, to be let through without
 * authentication, rate limit and load shedding. List is none of them: it names every service.
 */
export const healthMethods: readonly string[] = Object.freeze([
  HealthService.check.path,
  HealthService.watch.path,
]);

/** A watch keeps the name that it asks for, so names of any length would fill the memory. */
export const maxServiceNameLength = 256;

// https://github.com/grpc/proposal/blob/master/A90-health-service-list-method.md
const maxListedServices = 100;

const responses: Readonly<Record<WatchedStatus, HealthCheckResponse>> = {
  UNKNOWN: Object.freeze({ status: HealthCheckResponse_ServingStatus.UNKNOWN }),
  SERVING: Object.freeze({ status: HealthCheckResponse_ServingStatus.SERVING }),
  NOT_SERVING: Object.freeze({ status: HealthCheckResponse_ServingStatus.NOT_SERVING }),
  SERVICE_UNKNOWN: Object.freeze({ status: HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN }),
};

export function createHealthHandlers(registry: HealthRegistry): HealthHandlers {
  return {
    check({ service }) {
      checkName(service);
      const current = registry.get(service);
      if (current === "SERVICE_UNKNOWN") {
        throw new NotFoundError("unknown service");
      }
      return responses[current];
    },
    async *watch({ service }, { signal }) {
      checkName(service);
      for await (const current of registry.watch(service, signal)) {
        yield responses[current];
      }
    },
    list() {
      const services = registry.services();
      if (services.length > maxListedServices) {
        const text = `there are more than ${maxListedServices} services`;
        throw new StatusError(status.RESOURCE_EXHAUSTED, text);
      }
      const entries = services.map(
        (service) => [service, responses[registry.get(service)]] as const,
      );
      return { statuses: new Map(entries) };
    },
  };
}

function checkName(service: string): void {
  if (service.length > maxServiceNameLength) {
    const description = `must have at most ${maxServiceNameLength} characters`;
    throw new ValidationError([{ field: "service", description }]);
  }
}
