import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sqliteErrorCode } from "./sqlite-error-code.ts";

const SQLITE_BUSY = 5;
const WRITE_AHEAD_LOG_RETRY_MS = 5;

/** How long a statement waits for another process that writes. Meanwhile this process stands still. */
const BUSY_TIMEOUT_MS = 5_000;

/** Opens the database file at `path` and makes it and its folder if need be. */
export function openSqliteDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON`);
  useWriteAheadLog(database, Date.now() + BUSY_TIMEOUT_MS);
  return database;
}

// This one statement fails at once, whatever the timeout, if another process opens the same new file.
function useWriteAheadLog(database: DatabaseSync, deadline: number): void {
  try {
    database.exec("PRAGMA journal_mode = WAL");
  } catch (error) {
    if (sqliteErrorCode(error) !== SQLITE_BUSY || Date.now() > deadline) {
      throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WRITE_AHEAD_LOG_RETRY_MS);
    useWriteAheadLog(database, deadline);
  }
}

/**
 * Runs `work` in a transaction, which is rolled back if it throws. `work` must not be async: another
 * transaction could then begin inside of it.
 */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  // IMMEDIATE takes the lock before the first read, so nobody writes between that and our write.
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // After some errors (a full disk) SQLite has rolled back already: https://sqlite.org/lang_transaction.html
  }
}
