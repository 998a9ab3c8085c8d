import { status } from "@grpc/grpc-js";
import type { AppError, AppErrorKind } from "./app-error.ts";
import {
  ConflictError,
  DatabaseError,
  ExternalServiceError,
  ForbiddenError,
  NotFoundError,
  RateLimitError,
  TimeoutError,
  UnauthorizedError,
  ValidationError,
} from "./domain-errors.ts";

const statusByKind: Readonly<Record<AppErrorKind, status>> = {
  AppError: status.INTERNAL,
  ValidationError: status.INVALID_ARGUMENT,
  NotFoundError: status.NOT_FOUND,
  UnauthorizedError: status.UNAUTHENTICATED,
  ForbiddenError: status.PERMISSION_DENIED,
  ConflictError: status.ALREADY_EXISTS,
  RateLimitError: status.RESOURCE_EXHAUSTED,
  ExternalServiceError: status.UNAVAILABLE,
  DatabaseError: status.INTERNAL,
  TimeoutError: status.DEADLINE_EXCEEDED,
};

/** The status of each class of error. Subclasses have the status of what they extend. */
export const ERROR_STATUS_MAP: ReadonlyMap<abstract new (...args: never) => AppError, status> =
  new Map<abstract new (...args: never) => AppError, status>([
    [ValidationError, statusByKind.ValidationError],
    [NotFoundError, statusByKind.NotFoundError],
    [UnauthorizedError, statusByKind.UnauthorizedError],
    [ForbiddenError, statusByKind.ForbiddenError],
    [ConflictError, statusByKind.ConflictError],
    [RateLimitError, statusByKind.RateLimitError],
    [ExternalServiceError, statusByKind.ExternalServiceError],
    [DatabaseError, statusByKind.DatabaseError],
    [TimeoutError, statusByKind.TimeoutError],
  ]);

/** By kind and not by class, so that it holds for the errors of a second copy of this package. */
export function statusOf({ kind }: AppError): status {
  return Object.hasOwn(statusByKind, kind) ? statusByKind[kind] : status.INTERNAL;
}
