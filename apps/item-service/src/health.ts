import { createHealthService, type Health } from "@grpc-kit/grpc-health";
import type { AwilixContainer } from "awilix";
import type { ItemCradle } from "./container.ts";

/** The health of the service: it is ready while its database answers. */
export function createItemHealth({ cradle }: AwilixContainer<ItemCradle>): Health {
  // Opened now, so that a service without a database does not start at all.
  const { database, log } = cradle;
  const isAlive = database.prepare("SELECT 1");
  return createHealthService({
    dependencyChecks: {
      database: () => {
        isAlive.get();
      },
    },
    services: { "examples.ItemService": ["database"] },
    onStatusChange: ({ kind, name, from, to, ...rest }) =>
      log(to === "NOT_SERVING" ? "warn" : "info", "health", { kind, name, from, to, ...rest }),
  });
}
