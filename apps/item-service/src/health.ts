import { createHealthService, type Health } from "@grpc-kit/grpc-health";
import type { JwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import type { AwilixContainer } from "awilix";
import type { ItemCradle } from "./container.ts";

/** The health of the service: ready while its database answers, and once it can tell who calls. */
export function createItemHealth(
  { cradle }: AwilixContainer<ItemCradle>,
  verifier: JwtVerifier | undefined,
): Health {
  // Opened now, so that a service without a database does not start at all.
  const { database, logger } = cradle;
  const isAlive = database.prepare("SELECT 1");
  return createHealthService({
    dependencyChecks: {
      database: () => {
        isAlive.get();
      },
      ...(verifier && { token_keys: () => verifier.warmUp() }),
    },
    services: { "examples.ItemService": true },
    onStatusChange: (change) => {
      const { kind, name, from, to } = change;
      const err = kind === "dependency" ? change.error : undefined;
      logger[to === "NOT_SERVING" ? "warn" : "info"]({ kind, name, from, to, err }, "health");
    },
  });
}
