import { type Metadata, status } from "@grpc/grpc-js";
import { checkReason } from "./app-error.ts";
import type { ErrorDetailsInit } from "./error-details.ts";
import { hasBrand } from "./has-brand.ts";

const brand = Symbol.for("grpc-kit.StatusError");

export interface StatusErrorOptions {
  /** What led to this error. For logs; it never goes over the wire. */
  readonly cause?: unknown;
  /** Trailers to send with the status. */
  readonly metadata?: Metadata;
  /** What the error says for programs. Default: an ErrorInfo with the code's name as its reason. */
  readonly errorDetails?: ErrorDetailsInit;
}

/**
 * An error with a gRPC status code. `code`, `details`, `metadata` and `errorDetails` are meant for the
 * caller; the `message` has the code's name in front, for whoever reads the logs.
 *
 * Throws a RangeError for a code that no error has (OK, or a number that gRPC does not know), and for
 * a reason that is none.
 */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata | undefined;
  readonly errorDetails: ErrorDetailsInit;

  constructor(code: status, details: string, options: StatusErrorOptions = {}) {
    if (!isErrorCode(code)) {
      throw new RangeError(`code must be a gRPC status code from 1 to 16, got ${String(code)}`);
    }
    super(`${status[code]}: ${details}`, options);
    Object.defineProperty(this, brand, { value: true });
    this.code = code;
    this.details = details;
    this.metadata = options.metadata;
    this.errorDetails = options.errorDetails ?? {};
    checkReason(this.errorDetails.errorInfo?.reason);
  }
}

/** Whether `value` is a StatusError, from this copy of the package or another. */
export function isStatusError(value: unknown): value is StatusError {
  return hasBrand(value, brand);
}

/** Whether `code` says that a call failed, as gRPC knows it: an integer from 1 to 16. */
export function isErrorCode(code: unknown): code is status {
  return Number.isInteger(code) && (code as number) >= 1 && (code as number) <= 16;
}
