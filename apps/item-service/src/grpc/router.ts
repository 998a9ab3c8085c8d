import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import type { Health } from "@grpc-kit/grpc-health";
import type { GrpcServer } from "@grpc-kit/grpc-server";
import { addReflection } from "@grpc-kit/grpc-server/reflection";
import { createServicer } from "@grpc-kit/grpc-server/servicer";
import type { AwilixContainer } from "awilix";
import type { ItemCradle } from "../container.ts";
import type { Settings } from "../settings.ts";
import { itemHandlers } from "./item-handlers.ts";

export interface Served {
  readonly settings: Pick<Settings, "server">;
  readonly container: AwilixContainer<ItemCradle>;
  readonly health: Health;
}

/** Registers every service of this application. */
export function registerServices(
  server: GrpcServer,
  { settings, container, health }: Served,
): void {
  server.addService(
    ItemServiceService,
    createServicer(container, ItemServiceService, itemHandlers),
  );
  if (settings.server.healthCheckEnabled) {
    server.addService(HealthService, health.handlers);
    server.addService(HealthReportServiceService, health.reportHandlers);
  }
  if (settings.server.reflectionEnabled) {
    addReflection(server, { descriptorSets: [fileDescriptorSet()] });
  }
}
