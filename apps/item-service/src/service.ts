import { inspect } from "node:util";
import { createGrpcServer, type ServerAddress } from "@grpc-kit/grpc-server";
import { createItemContainer, type ItemCradle } from "./container.ts";
import { itemErrorToStatus } from "./grpc/item-errors-to-status.ts";
import { registerServices } from "./grpc/router.ts";
import type { Settings } from "./settings.ts";

/** item-service, running. */
export interface ItemService {
  readonly address: ServerAddress;
  /** Lets running calls end, for five seconds at the most, and closes the database. */
  stop(): Promise<void>;
}

/** Opens the database and serves. `overrides` take the place of parts of the container. */
export async function startItemService(
  settings: Settings,
  overrides: Partial<ItemCradle> = {},
): Promise<ItemService> {
  const container = createItemContainer(settings, overrides);
  try {
    const server = createGrpcServer({
      host: settings.grpcServerHost,
      port: settings.grpcServerPort,
      insecure: true,
      errorToStatus: itemErrorToStatus,
      onError: (error, { path }, errorId) => logError(path, error, errorId),
    });
    registerServices(server, container.cradle);
    const address = await server.start();
    return {
      address,
      async stop() {
        await server.stop();
        await container.dispose();
      },
    };
  } catch (error) {
    await container.dispose();
    throw error;
  }
}

function logError(path: string, error: unknown, errorId: string | undefined): void {
  const time = new Date().toISOString();
  const line = { time, level: "error", path, errorId, error: inspect(error) };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
