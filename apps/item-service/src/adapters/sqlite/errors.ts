import { ExternalServiceError, isAppError } from "@grpc-kit/grpc-status/errors";

// https://sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** The faults of the file or what it is on, rather than of what is asked for, and what to do. */
const faults: ReadonlyMap<number, string> = new Map([
  [3, "it may not be accessed"], // SQLITE_PERM
  [SQLITE_BUSY, "another process has kept it locked for too long"],
  [6, "another connection has kept it locked for too long"], // SQLITE_LOCKED
  [7, "there is not enough memory"], // SQLITE_NOMEM
  [8, "it cannot be written; check the permissions of the file and its folder"], // SQLITE_READONLY
  [10, "it cannot be read or written; check the disk, its free space and its limits"], // SQLITE_IOERR
  [11, "it is damaged; restore it from a backup"], // SQLITE_CORRUPT
  [13, "the disk is full; make room"], // SQLITE_FULL
  [14, "it cannot be opened; check that its folder exists and can be written"], // SQLITE_CANTOPEN
  [15, "other processes lock it in another way"], // SQLITE_PROTOCOL
  [26, "it is not a database of SQLite"], // SQLITE_NOTADB
]);

interface DriverFields {
  readonly code?: unknown;
  readonly errcode?: unknown;
}

/** The extended result code of an error that SQLite reported. */
function sqliteErrorCode(error: unknown): number | undefined {
  const { code, errcode } = error instanceof Error ? (error as DriverFields) : {};
  return code === "ERR_SQLITE_ERROR" ? Number(errcode) : undefined;
}

/** Whether another connection is in the way, so that it may go well a little later. */
export function isBusy(error: unknown): boolean {
  return ((sqliteErrorCode(error) ?? 0) & 0xff) === SQLITE_BUSY;
}

/** Whether a value is there already that may be there once only. */
export function isNotUnique(error: unknown): boolean {
  return sqliteErrorCode(error) === SQLITE_CONSTRAINT_UNIQUE;
}

/** The database cannot be used for now: UNAVAILABLE. */
export function databaseUnavailable(fault: string, cause?: unknown): ExternalServiceError {
  return new ExternalServiceError(`the database is unavailable: ${fault}`, {
    reason: "DATABASE_UNAVAILABLE",
    cause,
  });
}

/** What to throw if the file at `path` cannot be opened. */
export function cannotOpen(path: string, error: unknown): unknown {
  return isAppError(error)
    ? new ExternalServiceError(`sqlite:${path} cannot be opened: ${error.message}`, {
        reason: "DATABASE_UNAVAILABLE",
        cause: error,
      })
    : error;
}

/** What to throw for what was thrown: of a fault of the database, an error that says so. */
export function fromSqliteError(error: unknown): unknown {
  const code = sqliteErrorCode(error);
  const fault = code === undefined ? closedFault(error) : faults.get(code & 0xff);
  return fault === undefined ? error : databaseUnavailable(fault, error);
}

// What the driver throws for a connection, or a statement of it, that `close` has ended.
function closedFault(error: unknown): string | undefined {
  const { code } = error instanceof Error ? (error as DriverFields) : {};
  return code === "ERR_INVALID_STATE" ? "it has been closed" : undefined;
}
