import { hasBrand } from "./has-brand.ts";

const brand = Symbol.for("grpc-kit.AppError");

/** The errors of this package, by name. A subclass has the kind of what it extends. */
export type AppErrorKind =
  | "AppError"
  | "ValidationError"
  | "NotFoundError"
  | "UnauthorizedError"
  | "ForbiddenError"
  | "ConflictError"
  | "RateLimitError"
  | "ExternalServiceError"
  | "DatabaseError"
  | "TimeoutError";

/** What a call is about. */
export interface Resource {
  /** What it is: "item". */
  readonly type: string;
  /** Which one it is: its id. */
  readonly name: string;
}

export interface AppErrorOptions {
  /** What led to this error. For logs; it never goes over the wire. */
  readonly cause?: unknown;
  /** Whether `message` is meant for the caller. Default: false; what the caller can mend has true. */
  readonly expose?: boolean;
  /**
   * What programs tell this error by: UPPER_SNAKE_CASE, 3 to 63 characters, the same in all releases.
   * Default: made of `name`, so an error named "SkuTakenError" has "SKU_TAKEN".
   */
  readonly reason?: string;
  /** The varying parts of `message`, for programs. Keys like "maxItems". Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the error is about. Default: unsaid. */
  readonly resource?: Resource;
  /**
   * Milliseconds until another try may succeed; clients that retry wait as long. Infinity: none will,
   * and they do not try. Default: unsaid.
   */
  readonly retryAfterMs?: number;
}

/**
 * An error of an application, which knows nothing of gRPC. `errorToStatus` finds its status in
 * ERROR_STATUS_MAP; one that is none of the classes there is INTERNAL.
 */
export class AppError extends Error {
  override readonly name: string = "AppError";
  readonly kind: AppErrorKind = "AppError";
  readonly expose: boolean;
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly resource: Resource | undefined;
  readonly retryAfterMs: number | undefined;

  /** Throws a RangeError for a reason that is none, and for a negative `retryAfterMs`. */
  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, options);
    Object.defineProperty(this, brand, { value: true });
    this.expose = options.expose ?? false;
    this.reason = checkReason(options.reason);
    this.metadata = options.metadata ?? {};
    this.resource = options.resource;
    this.retryAfterMs = checkRetryAfter(options.retryAfterMs);
  }
}

/** Whether `value` is an AppError, from this copy of the package or another. */
export function isAppError(value: unknown): value is AppError {
  return hasBrand(value, brand);
}

/** The reason itself, if it is one or undefined: https://google.aip.dev/193#errorinfo */
export function checkReason(reason: string | undefined): string | undefined {
  if (reason !== undefined && !isReason(reason)) {
    throw new RangeError(
      `reason must be 3 to 63 of A-Z 0-9 _, as in SKU_TAKEN, got ${JSON.stringify(reason)}`,
    );
  }
  return reason;
}

export function isReason(reason: string): boolean {
  return reason.length <= 63 && /^[A-Z][A-Z0-9_]+[A-Z0-9]$/.test(reason);
}

function checkRetryAfter(retryAfterMs: number | undefined): number | undefined {
  if (retryAfterMs !== undefined && !(retryAfterMs >= 0)) {
    throw new RangeError(`retryAfterMs must be 0 or more, got ${retryAfterMs}`);
  }
  return retryAfterMs;
}
