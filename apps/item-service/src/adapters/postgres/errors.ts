import { ExternalServiceError, TimeoutError } from "@grpc-kit/grpc-status/errors";
import { DatabaseError } from "pg";

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const QUERY_CANCELED = "57014";
const CONFLICTS: readonly (string | undefined)[] = ["40001", "40P01"];
// The server is out of something or goes down, the role or the database is not there (any more), or this
// server has become a copy that only reads. 08P01 is a fault of ours.
const AWAY = /^(08(?!P01)|28|3D|53|58|57P|25006|25P03)/;
// It is there, but no attempt will succeed until somebody changes something.
const REFUSED = /^(28|3D)/;

/** The error for a database that does not answer: UNAVAILABLE. */
export function databaseUnavailable(message: string, cause?: unknown): ExternalServiceError {
  return new ExternalServiceError(message, { reason: "DATABASE_UNAVAILABLE", cause });
}

/** The error for a database that answers too late: DEADLINE_EXCEEDED. */
export function databaseTooSlow(message: string, cause: unknown): TimeoutError {
  return new TimeoutError(message, { reason: "DATABASE_TIMEOUT", cause });
}

/** What a repository throws for an error of `pg`. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) {
    return error;
  }
  if (error.code === QUERY_CANCELED) {
    return databaseTooSlow("the database took too long for a statement", error);
  }
  return isAway(error) ? databaseUnavailable("the database is not available", error) : error;
}

/** Whether a connection that met this error is of no further use. */
export function isAway(error: unknown): boolean {
  return !(error instanceof DatabaseError) || AWAY.test(error.code ?? "");
}

/** Whether two transactions were in each other's way, so that the same one may succeed next. */
export function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && CONFLICTS.includes(error.code);
}

/** Whether the server refuses who asks, or what for. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && REFUSED.test(error.code ?? "");
}

/** Whether the value is taken that `constraint` wants to be unique. */
export function isTaken(error: unknown, constraint: string): boolean {
  return (
    error instanceof DatabaseError && error.code === "23505" && error.constraint === constraint
  );
}
