import { setTimeout as delay } from "node:timers/promises";
import {
  type Client,
  DatabaseError,
  type PoolClient,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from "pg";
import { cancelQuery } from "./cancel.ts";
import { databaseTooSlow, databaseUnavailable, isAway } from "./errors.ts";

const CANCEL_ATTEMPTS = 3;
const CANCEL_TIMEOUT_MS = 1_000;
const CANCEL_RETRY_MS = 250;

/** Runs a statement on a connection. */
export type RunQuery = <Row extends QueryResultRow>(
  query: QueryConfig<unknown[]>,
) => Promise<QueryResult<Row>>;

/** A connection as long as one call has it. */
export interface PostgresSession {
  /** Runs a statement. When the signal aborts, the server cancels it, and rejects those that follow. */
  readonly query: RunQuery;
  /** Makes the transaction's changes last. When the signal aborts meanwhile, it goes on. */
  commit(): Promise<void>;
  /** Undoes the transaction's changes, if the connection still works. If not, the server does. */
  rollBack(): Promise<void>;
  /** Gives the connection back to its pool, or closes it if it cannot be used again. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly signal: AbortSignal | undefined;
  /** How long a statement may take. After that the server hangs, and so the connection is closed. */
  readonly limitMs: number;
}

/** Begins the use of a connection that was just taken from its pool. */
export function openSession(
  client: PoolClient,
  { signal, limitMs }: SessionOptions,
): PostgresSession {
  let cancelable: Promise<unknown> | undefined;
  let canceling: Promise<void> | undefined;
  let isBroken = false;
  const cancel = (): void => {
    canceling = cancelable && endQuery(client, cancelable);
  };
  signal?.addEventListener("abort", cancel, { once: true });

  const send = async <Row extends QueryResultRow>(
    query: QueryConfig<unknown[]>,
    isCancelable: boolean,
  ): Promise<QueryResult<Row>> => {
    if (canceling !== undefined) {
      // What is still on its way to the server must not hit this statement.
      await canceling;
    }
    if (isCancelable) {
      signal?.throwIfAborted();
    }
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      disconnect(client);
    }, limitMs);
    const result = client.query<Row>(query);
    cancelable = isCancelable ? result : undefined;
    try {
      return await result;
    } catch (error) {
      isBroken ||= isAway(error);
      if (error instanceof DatabaseError) {
        throw error;
      }
      throw isLate
        ? databaseTooSlow("the database does not answer", error)
        : databaseUnavailable("the connection to the database broke", error);
    } finally {
      clearTimeout(timer);
      cancelable = undefined;
    }
  };
  const isIdle = (): boolean => client.getTransactionStatus() === "I";

  return {
    query: (query) => send(query, true),
    async commit() {
      signal?.throwIfAborted();
      await send({ text: "COMMIT" }, false);
    },
    async rollBack() {
      if (isBroken || isIdle()) {
        return;
      }
      try {
        await send({ text: "ROLLBACK" }, false);
      } catch {
        isBroken = true;
      }
    },
    async close() {
      signal?.removeEventListener("abort", cancel);
      await canceling;
      if (isBroken) {
        disconnect(client);
      }
      client.release(isBroken || !isIdle());
    },
  };
}

/** Closes a connection at once, without a word to a server that may not listen. */
export function disconnect(client: Client): void {
  client.connection.stream.destroy();
}

async function endQuery(client: Client, query: Promise<unknown>): Promise<void> {
  const ended = query.then(
    () => true,
    () => true,
  );
  try {
    // A request that overtakes its statement does nothing.
    for (let attempt = 0; attempt < CANCEL_ATTEMPTS; attempt += 1) {
      await cancelQuery(client, CANCEL_TIMEOUT_MS);
      if (await Promise.race([ended, delay(CANCEL_RETRY_MS, false, { ref: false })])) {
        return;
      }
    }
  } catch {
    // The server does not take requests. It rolls back when it sees that the connection is gone.
  }
  disconnect(client);
  await ended;
}
