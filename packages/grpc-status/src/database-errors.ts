import { status } from "@grpc/grpc-js";

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const postgresStates: ReadonlyMap<string, status> = new Map([
  ["23503", status.FAILED_PRECONDITION], // foreign_key_violation
  ["23505", status.ALREADY_EXISTS], // unique_violation
  ["23P01", status.FAILED_PRECONDITION], // exclusion_violation
  ["40001", status.ABORTED], // serialization_failure
  ["40P01", status.ABORTED], // deadlock_detected
  ["53300", status.UNAVAILABLE], // too_many_connections
  ["55P03", status.ABORTED], // lock_not_available
  // A statement timeout; if it was the caller who cancelled, nobody hears of it.
  ["57014", status.DEADLINE_EXCEEDED], // query_canceled
  ["57P01", status.UNAVAILABLE], // admin_shutdown
  ["57P02", status.UNAVAILABLE], // crash_shutdown
  ["57P03", status.UNAVAILABLE], // cannot_connect_now
]);

const postgresClasses: ReadonlyMap<string, status> = new Map([
  ["08", status.UNAVAILABLE], // connection exceptions
  ["54", status.RESOURCE_EXHAUSTED], // program limit exceeded
]);

// https://www.sqlite.org/rescode.html
const sqliteCodes: ReadonlyMap<string, readonly [number: number, status]> = new Map([
  ["SQLITE_BUSY", [5, status.ABORTED]],
  ["SQLITE_LOCKED", [6, status.ABORTED]],
  ["SQLITE_INTERRUPT", [9, status.CANCELLED]],
  ["SQLITE_TOOBIG", [18, status.RESOURCE_EXHAUSTED]],
  ["SQLITE_CONSTRAINT_FOREIGNKEY", [787, status.FAILED_PRECONDITION]],
  ["SQLITE_CONSTRAINT_PRIMARYKEY", [1555, status.ALREADY_EXISTS]],
  ["SQLITE_CONSTRAINT_UNIQUE", [2067, status.ALREADY_EXISTS]],
  ["SQLITE_CONSTRAINT_ROWID", [2579, status.ALREADY_EXISTS]],
]);

const sqliteNumbers: ReadonlyMap<number, status> = new Map(sqliteCodes.values());

interface DatabaseFields {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly errcode?: unknown;
}

/** The status of an error of PostgreSQL or SQLite, by whatever driver; undefined for any other. */
export function statusOfDatabaseError(error: Error): status | undefined {
  const { code, severity, errcode } = error as DatabaseFields;
  if (typeof code !== "string") {
    return undefined;
  }
  // node:sqlite
  if (code === "ERR_SQLITE_ERROR" && typeof errcode === "number") {
    return sqliteNumbers.get(errcode) ?? sqliteNumbers.get(errcode & 0xff);
  }
  // better-sqlite3 and its kin
  if (code.startsWith("SQLITE_")) {
    const primary = code.split("_").slice(0, 2).join("_");
    return (sqliteCodes.get(code) ?? sqliteCodes.get(primary))?.[1];
  }
  // pg, postgres.js and what is built on them. Others have codes of five letters, too, but no severity.
  return typeof severity === "string"
    ? (postgresStates.get(code) ?? postgresClasses.get(code.slice(0, 2)))
    : undefined;
}
