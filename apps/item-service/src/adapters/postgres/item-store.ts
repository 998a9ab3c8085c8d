import { Client, type ClientConfig } from "pg";
import type { ItemStore } from "../../application/item-store.ts";
import { createPostgresItemRepository } from "./item-repository.ts";
import { openPostgresPool, type WarningLog } from "./pool.ts";
import { prepareDatabase } from "./start.ts";

const PING_TIMEOUT_MS = 2_000;
const ANSWER_MARGIN_MS = 1_000;

/** Where a PostgreSQL store keeps its items, and how long it waits. */
export interface PostgresItemStoreOptions {
  /** As in `postgres://user:password@host:5432/database?sslmode=verify-full`. */
  readonly url: string;
  /** The clock that tells when an idempotency key has expired. */
  readonly now: () => Date;
  readonly logger: WarningLog;
  /** How many connections calls share; one more is for `ping`. Default: 10. */
  readonly poolMax?: number;
  /** How long a call waits for one of them. Then it is UNAVAILABLE. Default: 2_000. */
  readonly poolTimeoutMs?: number;
  /** How long it may take to connect. Default: 5_000. */
  readonly connectTimeoutMs?: number;
  /** How long a statement may take. Then it is cancelled and DEADLINE_EXCEEDED. Default: 10_000. */
  readonly statementTimeoutMs?: number;
}

/**
 * Opens the database and brings its tables up to date. Tries for 30 s to reach it, and throws an error that
 * names it. Throws RangeError for options that are none.
 */
export async function openPostgresItemStore({
  url,
  now,
  logger,
  poolMax = 10,
  poolTimeoutMs = 2_000,
  connectTimeoutMs = 5_000,
  statementTimeoutMs = 10_000,
}: PostgresItemStoreOptions): Promise<ItemStore> {
  for (const [name, value] of Object.entries({
    poolMax,
    poolTimeoutMs,
    connectTimeoutMs,
    statementTimeoutMs,
  })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new RangeError(`${name} must be a positive integer, got ${value}`);
    }
  }
  const config: ClientConfig = {
    connectionString: url,
    fallback_application_name: "item-service",
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const createClient = () => new Client(config);
  const { migrations, secret } = await prepareDatabase({ createClient, logger });
  const limited: ClientConfig = {
    ...config,
    statement_timeout: statementTimeoutMs,
    // So that a process that stands still in a transaction does not hold its locks.
    idle_in_transaction_session_timeout: statementTimeoutMs,
    // So that the server stops working for a process that is gone. PostgreSQL has it from 14 on.
    options: "-c client_connection_check_interval=2s",
  };
  const shared = { config: limited, logger, waitMs: poolTimeoutMs };
  const limitMs = statementTimeoutMs + ANSWER_MARGIN_MS;
  const pool = openPostgresPool({ ...shared, max: poolMax, limitMs });
  // A connection of its own: a database whose connections are all at work is alive.
  const pingPool = openPostgresPool({ ...shared, max: 1, limitMs: PING_TIMEOUT_MS });
  return {
    items: createPostgresItemRepository({ pool, secret, now }),
    migrations,
    async ping(call) {
      await pingPool.query(call, { name: "ping", text: "SELECT 1" });
    },
    async close() {
      await Promise.all([pool.close(), pingPool.close()]);
    },
  };
}
