import { randomUUID } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { databaseUnavailable } from "./errors.ts";

/** A database that several connections of this process are opened on. */
export interface SqliteDatabase {
  /** The file, or undefined if it is in memory. */
  readonly path: string | undefined;
  /** Opens a connection. A lock that another holds is reported at once, as the event loop must not wait. */
  connect(): DatabaseSync;
  /** Throws if the file that the connections have open is not at its path any more. */
  check(): void;
}

/** Names the file at `path`, whose folder is made if need be, or a new database in memory for ":memory:". */
export function locateSqliteDatabase(path: string): SqliteDatabase {
  return path === ":memory:" ? inMemory() : inFile(resolve(path));
}

// All connections to the name see the same; each write keeps readers out until it is done.
function inMemory(): SqliteDatabase {
  const name = `file:/${randomUUID()}?vfs=memdb`;
  return { path: undefined, connect: () => new DatabaseSync(name), check: () => undefined };
}

function inFile(path: string): SqliteDatabase {
  let inode: bigint | undefined;
  const inodeNow = () => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  return {
    path,
    connect() {
      makeFolder(dirname(path));
      const connection = new DatabaseSync(path);
      inode ??= inodeNow();
      return connection;
    },
    check() {
      // The connections would go on with the file that is gone, and all would be lost in the end.
      if (inodeNow() !== inode) {
        throw databaseUnavailable(`${path} has been removed or replaced; restart the service`);
      }
    },
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw databaseUnavailable(`its folder ${folder} cannot be made`, error);
  }
}

/**
 * Runs `work` in a transaction, which is rolled back if it throws. `work` must not be async: another
 * transaction could then begin inside of it.
 */
export function inTransaction<Result>(connection: DatabaseSync, work: () => Result): Result {
  // IMMEDIATE takes the lock before the first read, so nobody writes between that and our write.
  connection.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Ends the transaction, if there still is one. */
export function rollBack(connection: DatabaseSync): void {
  try {
    connection.exec("ROLLBACK");
  } catch {
    // After some errors (a full disk) SQLite has rolled back already: https://sqlite.org/lang_transaction.html
  }
}
