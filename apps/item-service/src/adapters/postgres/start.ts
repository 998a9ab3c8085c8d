import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import { isAway, isRefusal } from "./errors.ts";
import { migratePostgresDatabase, readPageTokenSecret } from "./migrations.ts";
import type { WarningLog } from "./pool.ts";

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 4_000;

export interface PrepareDatabaseOptions {
  /** Makes a client that is not connected yet. */
  readonly createClient: () => Client;
  readonly logger: WarningLog;
  /** How long to try again while the database does not answer. Default: 30_000. */
  readonly patienceMs?: number;
}

export interface PreparedDatabase {
  readonly migrations: readonly string[];
  readonly secret: Uint8Array;
}

/**
 * Brings the database up to date. Returns the names of the migrations that were applied, and the secret for
 * page tokens. Throws an error that names the database, but no password.
 */
export async function prepareDatabase({
  createClient,
  logger,
  patienceMs = 30_000,
}: PrepareDatabaseOptions): Promise<PreparedDatabase> {
  const deadline = Date.now() + patienceMs;
  for (let attempt = 1; ; attempt += 1) {
    const client = createClient();
    const name = `${client.host}:${client.port}/${client.database}`;
    // What runs fails as well, and tells.
    client.on("error", () => {});
    try {
      await client.connect();
      const migrations = await migratePostgresDatabase(client);
      return { migrations, secret: await readPageTokenSecret(client) };
    } catch (error) {
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), MAX_PAUSE_MS);
      const canWait = isAway(error) && !isRefusal(error) && !(error instanceof TypeError);
      if (!canWait || Date.now() + pauseMs > deadline) {
        // That of several addresses has no message of its own.
        const { message, code } = error as Error & { readonly code?: string };
        throw new Error(`cannot use the PostgreSQL database ${name}: ${message || code}`, {
          cause: error,
        });
      }
      logger.warn({ database: name, attempt, pauseMs, err: error }, "the database does not answer");
      await delay(pauseMs);
    } finally {
      await client.end();
    }
  }
}
