import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createGrpcServer, type GrpcServer } from "@grpc-kit/grpc-server";
import { addServerMetrics } from "@grpc-kit/grpc-server/admin-port";
import { addReflection } from "@grpc-kit/grpc-server/reflection";
import { createServicer } from "@grpc-kit/grpc-server/servicer";
import { toServerOptions } from "@grpc-kit/grpc-server/settings";
import { createItemVerifier, logServerEvents } from "@grpc-kit/item-service/shared";
import { addCircuitGauge } from "./circuit-gauge.ts";
import { createStockContainer, type StockCradle } from "./container.ts";
import { createInterceptors } from "./grpc/interceptors.ts";
import { stockErrorToStatus } from "./grpc/stock-errors-to-status.ts";
import { stockHandlers } from "./grpc/stock-handlers.ts";
import { createStockHealth } from "./health.ts";
import type { Settings } from "./settings.ts";

export interface StockService {
  readonly server: GrpcServer;
  readonly isReady: () => boolean;
}

/**
 * Puts the service together, ready to be started; the file is watched from then on. Stopping the server closes
 * all of it. `overrides` take the place of parts of the container.
 */
export async function createStockService(
  settings: Settings,
  overrides: Partial<StockCradle> = {},
): Promise<StockService> {
  const container = createStockContainer(settings, overrides);
  try {
    const { logger, registry, itemService } = container.cradle;
    const verifier = await createItemVerifier(settings.auth, logger);
    const server = createGrpcServer({
      ...toServerOptions(settings.server),
      ...createInterceptors({ logger, registry, verifier }),
      errorToStatus: stockErrorToStatus,
    });
    await addServerMetrics(registry, server);
    const health = createStockHealth(container, verifier);
    addCircuitGauge(registry, () => itemService.circuits());
    server.addService(
      StockServiceService,
      createServicer(container, StockServiceService, stockHandlers),
    );
    if (settings.server.healthCheckEnabled) {
      server.addService(HealthService, health.handlers);
      server.addService(HealthReportServiceService, health.reportHandlers);
    }
    if (settings.server.reflectionEnabled) {
      addReflection(server, { descriptorSets: [fileDescriptorSet()] });
    }
    server.onEvent(logServerEvents(logger));
    server.onEvent((event) => {
      if (event.type !== "phase") {
        return;
      }
      if (event.phase === "starting") {
        void health.start();
        container.resolve("stockWatch");
      }
      // Before anything else, so that nobody is sent here who would be refused.
      if (event.phase === "leaving") {
        health.shutdown();
      }
    });
    server.addCleanup("container", () => container.dispose());
    server.addCleanup("health", () => health.stop());
    server.addCleanup("token keys", () => verifier.close());
    return { server, isReady: () => health.getStatus("readiness") === "SERVING" };
  } catch (error) {
    await container.dispose();
    throw error;
  }
}
