import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Client,
  type ClientConfig,
  Pool,
  type PoolClient,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from "pg";
import type { RepositoryCall } from "../../application/item-repository.ts";
import { databaseUnavailable, isConflict, toStoreError } from "./errors.ts";
import { disconnect, openSession, type PostgresSession, type RunQuery } from "./session.ts";
import { createTurns, type Turn } from "./turns.ts";

const TRANSACTION_ATTEMPTS = 4;
const CONFLICT_PAUSE_MS = 20;
const GOODBYE_MS = 1_000;
const IDLE_TIMEOUT_MS = 60_000;
// So that after a failover, or behind a balancer, connections move to where they should be.
const LIFETIME_SECONDS = 30 * 60;

// Whatever the role or the database has as its default.
const begin = { name: "begin", text: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" };

/** Where to write what somebody should look at. pino fits. */
export interface WarningLog {
  warn(fields: object, message: string): void;
}

export interface PostgresPoolOptions {
  readonly config: ClientConfig;
  readonly logger: WarningLog;
  /** How many connections at the most. */
  readonly max: number;
  /** How long a call waits for one of them. */
  readonly waitMs: number;
  /** How long a statement may take before its connection is closed. */
  readonly limitMs: number;
}

/** Connections to a PostgreSQL, made when there is work for them. */
export interface PostgresPool {
  /** Runs one statement. */
  query<Row extends QueryResultRow>(
    call: RepositoryCall | undefined,
    query: QueryConfig<unknown[]>,
  ): Promise<QueryResult<Row>>;
  /**
   * Runs `work` in a transaction, which is rolled back if it throws. It runs again, a few times, if
   * another transaction was in its way.
   */
  transaction<Result>(
    call: RepositoryCall | undefined,
    work: (query: RunQuery) => Promise<Result>,
  ): Promise<Result>;
  /** Closes all connections. What runs on them fails. */
  close(): Promise<void>;
}

/** Makes a pool without connections. */
export function openPostgresPool({
  config,
  logger,
  max,
  waitMs,
  limitMs,
}: PostgresPoolOptions): PostgresPool {
  const pool = new Pool({
    ...config,
    max,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    maxLifetimeSeconds: LIFETIME_SECONDS,
  });
  const takeTurn = createTurns(max);
  const open = new Set<Client>();
  const busy = new Set<Client>();
  pool.on("connect", (client: PoolClient) => {
    open.add(client);
    client.on("end", () => open.delete(client));
    // What runs on the connection fails as well, and tells.
    client.on("error", () => {});
  });
  // Of a connection that nobody uses. Not all of the error: the client hangs on it.
  pool.on("error", ({ message }) => {
    logger.warn({ reason: message }, "an idle connection to the database broke");
  });

  const connect = async (turn: Turn): Promise<PoolClient> => {
    await turn.ready;
    try {
      return await pool.connect();
    } catch (error) {
      throw databaseUnavailable("cannot connect to the database", error);
    }
  };

  const use = async <Result>(
    call: RepositoryCall | undefined,
    work: (session: PostgresSession) => Promise<Result>,
  ): Promise<Result> => {
    const signal = call?.signal;
    signal?.throwIfAborted();
    const turn = takeTurn();
    const connecting = connect(turn);
    let client: PoolClient;
    try {
      client = await inTime(connecting, waitMs, signal);
    } catch (error) {
      if (!turn.leave()) {
        void connecting
          .then(
            (late) => late.release(),
            () => {},
          )
          .then(turn.end);
      }
      throw error;
    }
    busy.add(client);
    const session = openSession(client, { signal, limitMs });
    try {
      return await work(session);
    } catch (error) {
      throw signal?.aborted ? signal.reason : toStoreError(error);
    } finally {
      await session.close();
      busy.delete(client);
      turn.end();
    }
  };

  const attempt = async <Result>(
    session: PostgresSession,
    work: (query: RunQuery) => Promise<Result>,
  ): Promise<Result> => {
    try {
      await session.query(begin);
      const result = await work(session.query);
      await session.commit();
      return result;
    } catch (error) {
      await session.rollBack();
      throw error;
    }
  };

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    for (const client of busy) {
      disconnect(client);
    }
    await pool.end();
    const ended = Promise.all([...open].map((client) => once(client, "end")));
    await Promise.race([ended, delay(GOODBYE_MS, undefined, { ref: false })]);
    for (const client of open) {
      disconnect(client);
    }
  };

  return {
    query: (call, query) => use(call, (session) => session.query(query)),
    transaction: (call, work) =>
      use(call, async (session) => {
        for (let attempts = 1; ; attempts += 1) {
          try {
            return await attempt(session, work);
          } catch (error) {
            if (!isConflict(error) || attempts === TRANSACTION_ATTEMPTS) {
              throw error;
            }
            await delay(Math.random() * CONFLICT_PAUSE_MS * attempts);
          }
        }
      }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function inTime<Result>(
  promise: Promise<Result>,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const { promise: end, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(databaseUnavailable(`no connection to the database within ${waitMs} ms`)),
    waitMs,
  );
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
