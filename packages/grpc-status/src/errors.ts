// The subpath "./errors": it loads nothing but these classes, so a domain layer can use it.
export {
  AppError,
  type AppErrorKind,
  type AppErrorOptions,
  isAppError,
  type Resource,
} from "./app-error.ts";
export {
  ConflictError,
  DatabaseError,
  ExternalServiceError,
  type FieldViolation,
  ForbiddenError,
  NotFoundError,
  type QuotaViolation,
  RateLimitError,
  type RateLimitErrorOptions,
  TimeoutError,
  UnauthorizedError,
  ValidationError,
  type ValidationErrorOptions,
} from "./domain-errors.ts";
