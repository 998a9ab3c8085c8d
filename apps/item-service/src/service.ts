import { createGrpcServer, type GrpcServer } from "@grpc-kit/grpc-server";
import { addServerMetrics } from "@grpc-kit/grpc-server/admin-port";
import { toServerOptions } from "@grpc-kit/grpc-server/settings";
import { isReplaced } from "@grpc-kit/grpc-server/workers";
import { createItemVerifier } from "./auth/item-verifier.ts";
import { createItemContainer, type ItemCradle } from "./container.ts";
import { createInterceptors } from "./grpc/interceptors.ts";
import { itemErrorToStatus } from "./grpc/item-errors-to-status.ts";
import { registerServices } from "./grpc/router.ts";
import { createItemHealth } from "./health.ts";
import { logServerEvents } from "./log.ts";
import type { Settings } from "./settings.ts";

/**
 * Opens the database and puts the service together, ready to be started. Stopping the server closes
 * all of it. `overrides` take the place of parts of the container.
 */
export async function createItemService(
  settings: Settings,
  overrides: Partial<ItemCradle> = {},
): Promise<GrpcServer> {
  const container = await createItemContainer(settings, overrides);
  try {
    const { logger, registry } = container.cradle;
    const verifier = await createItemVerifier(settings.auth, logger);
    const server = createGrpcServer({
      ...toServerOptions(settings.server),
      ...createInterceptors({ logger, registry, verifier }),
      errorToStatus: itemErrorToStatus,
    });
    await addServerMetrics(registry, server);
    const health = createItemHealth(container, verifier);
    registerServices(server, { settings, container, health });
    server.onEvent(logServerEvents(logger));
    server.onEvent((event) => {
      // Before it listens: a worker that shares the port must not say NOT_SERVING for one that serves.
      if (event.type === "phase" && event.phase === "starting") {
        void health.start();
      }
      // Before anything else, so that nobody is sent here who would be refused. A worker that has been
      // replaced refuses nobody: its address is served by the other one.
      if (event.type === "phase" && event.phase === "leaving" && !isReplaced()) {
        health.shutdown();
      }
    });
    server.addCleanup("container", () => container.dispose());
    server.addCleanup("health", () => health.stop());
    server.addCleanup("token keys", () => verifier.close());
    return server;
  } catch (error) {
    await container.dispose();
    throw error;
  }
}
