import { createGrpcServer, type GrpcServer } from "@grpc-kit/grpc-server";
import { toServerOptions } from "@grpc-kit/grpc-server/settings";
import { createItemContainer, type ItemCradle } from "./container.ts";
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
  const container = createItemContainer(settings, overrides);
  try {
    const { log } = container.cradle;
    const server = createGrpcServer({
      ...toServerOptions(settings.server),
      errorToStatus: itemErrorToStatus,
      onError: (error, { path }, errorId) =>
        log("error", "the call failed", { path, errorId, error }),
    });
    const health = createItemHealth(container);
    registerServices(server, { settings: settings.server, container, health });
    server.onEvent(logServerEvents(log));
    server.onEvent((event) => {
      if (event.type === "phase" && event.phase === "serving") {
        void health.start();
      }
      // Before anything else, so that nobody is sent here who would be refused.
      if (event.type === "phase" && event.phase === "leaving") {
        health.shutdown();
      }
    });
    server.addCleanup("container", () => container.dispose());
    server.addCleanup("health", () => health.stop());
    return server;
  } catch (error) {
    await container.dispose();
    throw error;
  }
}
