import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { retryWhileBusy } from "./busy.ts";
import { rollBack } from "./database.ts";
import { fromSqliteError } from "./errors.ts";

/** Ends a turn of the event loop. Rejects once the signal of the call has aborted. */
export type NextTurn = () => Promise<void>;

/** What is done in a transaction, in as many turns as it takes. */
export type LongWork<Result> = (connection: DatabaseSync, nextTurn: NextTurn) => Promise<Result>;

/** How a transaction over several turns runs. */
export interface LongTransaction<Result> {
  /** Nobody else uses it meanwhile. */
  readonly connection: DatabaseSync;
  /** Begins the transaction. It is called again if the database is locked. */
  readonly begin: (connection: DatabaseSync) => void;
  readonly work: LongWork<Result>;
  /** Runs before the commit, and is told in how many turns the work was done. */
  readonly beforeCommit?: ((turns: number) => void) | undefined;
  /** How long the begin and the commit may each find the database locked. */
  readonly busyLimitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the work and commits. If anything throws, and if the signal aborts, nothing is changed. */
export async function inLongTransaction<Result>({
  connection,
  begin,
  work,
  beforeCommit,
  busyLimitMs,
  signal,
}: LongTransaction<Result>): Promise<Result> {
  const whileBusy = (statement: () => void): Promise<void> =>
    retryWhileBusy(statement, { busyLimitMs, signal });
  let turns = 1;
  const nextTurn = async (): Promise<void> => {
    turns += 1;
    await setImmediate();
    signal?.throwIfAborted();
  };
  await whileBusy(() => begin(connection));
  try {
    const result = await work(connection, nextTurn);
    beforeCommit?.(turns);
    await whileBusy(() => connection.exec("COMMIT"));
    return result;
  } catch (error) {
    rollBack(connection);
    throw fromSqliteError(error);
  }
}

/** Takes the state that all of the transaction reads, which a BEGIN alone puts off. */
export function beginReading(connection: DatabaseSync): void {
  connection.exec("BEGIN");
  try {
    connection.exec("SELECT 1 FROM sqlite_schema LIMIT 1");
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Takes the lock, so that nobody else writes until the end. */
export function beginWriting(connection: DatabaseSync): void {
  connection.exec("BEGIN IMMEDIATE");
}
