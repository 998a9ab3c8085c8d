import { AppError, type AppErrorKind, type AppErrorOptions } from "./app-error.ts";

/** What is wrong with one field of a request. */
export interface FieldViolation {
  /** The path of the field by its names in the proto: "page_size", "leaf.veins[2].length". */
  readonly field: string;
  /** What was expected and what came, for people. */
  readonly description: string;
  /** What programs tell the fault by: UPPER_SNAKE_CASE. Default: none. */
  readonly reason?: string;
}

export interface ValidationErrorOptions extends AppErrorOptions {
  /** The violations, if the message is not made of them. Default: none. */
  readonly violations?: readonly FieldViolation[];
}

/** A request that breaks the rules: INVALID_ARGUMENT. It names every field that does. */
export class ValidationError extends AppError {
  override readonly name: string = "ValidationError";
  override readonly kind: AppErrorKind = "ValidationError";
  readonly violations: readonly FieldViolation[];

  /** Takes a message, or the violations to make it of. */
  constructor(
    problem: string | readonly FieldViolation[],
    { violations = [], ...options }: ValidationErrorOptions = {},
  ) {
    super(typeof problem === "string" ? problem : describe(problem), {
      expose: true,
      // One of a class of its own has the name of that.
      ...(new.target === ValidationError && { reason: "VALIDATION_FAILED" }),
      ...options,
    });
    this.violations = typeof problem === "string" ? violations : problem;
  }
}

function describe(violations: readonly FieldViolation[]): string {
  return violations
    .map(({ field, description }) => (field === "" ? description : `${field}: ${description}`))
    .join("; ");
}

/** There is no such thing: NOT_FOUND. */
export class NotFoundError extends AppError {
  override readonly name: string = "NotFoundError";
  override readonly kind: AppErrorKind = "NotFoundError";

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { expose: true, ...options });
  }
}

/** The caller has not said who it is, or not so that it can be believed: UNAUTHENTICATED. */
export class UnauthorizedError extends AppError {
  override readonly name: string = "UnauthorizedError";
  override readonly kind: AppErrorKind = "UnauthorizedError";

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { expose: true, ...options });
  }
}

/** The caller is known and may not do this: PERMISSION_DENIED. */
export class ForbiddenError extends AppError {
  override readonly name: string = "ForbiddenError";
  override readonly kind: AppErrorKind = "ForbiddenError";

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { expose: true, ...options });
  }
}

/** There is something else in its place already: ALREADY_EXISTS. */
export class ConflictError extends AppError {
  override readonly name: string = "ConflictError";
  override readonly kind: AppErrorKind = "ConflictError";

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { expose: true, ...options });
  }
}

/** A limit and who has reached it. */
export interface QuotaViolation {
  /** Whose limit it is: "client:shop-frontend". */
  readonly subject: string;
  /** Which limit, and how far: "100 calls per minute". */
  readonly description: string;
}

export interface RateLimitErrorOptions extends AppErrorOptions {
  /** The limits. Default: unsaid. */
  readonly violations?: readonly QuotaViolation[];
}

/** The caller has had its share: RESOURCE_EXHAUSTED. */
export class RateLimitError extends AppError {
  override readonly name: string = "RateLimitError";
  override readonly kind: AppErrorKind = "RateLimitError";
  readonly violations: readonly QuotaViolation[];

  constructor(message: string, { violations = [], ...options }: RateLimitErrorOptions = {}) {
    super(message, { expose: true, ...options });
    this.violations = violations;
  }
}

/** Something else that this service needs does not answer: UNAVAILABLE. Not exposed by default. */
export class ExternalServiceError extends AppError {
  override readonly name: string = "ExternalServiceError";
  override readonly kind: AppErrorKind = "ExternalServiceError";
}

/** The database failed: INTERNAL. Not exposed by default. */
export class DatabaseError extends AppError {
  override readonly name: string = "DatabaseError";
  override readonly kind: AppErrorKind = "DatabaseError";
}

/** Something took too long: DEADLINE_EXCEEDED. Not exposed by default. */
export class TimeoutError extends AppError {
  override readonly name: string = "TimeoutError";
  override readonly kind: AppErrorKind = "TimeoutError";
}
