import { inspect } from "node:util";
import { createGrpcServer, type ServerAddress } from "@grpc-kit/grpc-server";
import { createItemContainer, type ItemCradle } from "./container.ts";
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
      onError: (error, { path }) => logError(path, error),
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

function logError(path: string, error: unknown): void {
  const line = { time: new Date().toISOString(), level: "error", path, error: inspect(error) };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
