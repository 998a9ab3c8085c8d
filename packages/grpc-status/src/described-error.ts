import { type Metadata, status } from "@grpc/grpc-js";
import { type AppError, isReason } from "./app-error.ts";
import { attempt } from "./attempt.ts";
import type {
  FieldViolation,
  QuotaViolation,
  RateLimitError,
  ValidationError,
} from "./domain-errors.ts";
import type { ErrorDetailsInit } from "./error-details.ts";
import { retryDelayMs, toDuration } from "./retry-delay.ts";
import { statusCodeInfo } from "./status-codes.ts";
import { isErrorCode, type StatusError } from "./status-error.ts";

/** What is to be told of an error. Everything in it is meant for the caller. */
export interface DescribedError {
  readonly code: status;
  readonly text: string;
  /** What kind of error it is, for `common.ErrorDetail`. */
  readonly kind: string;
  /** The field that is to blame; empty if none is. */
  readonly field: string;
  readonly errorDetails: ErrorDetailsInit;
  /** Milliseconds until another try may succeed; Infinity: none will. */
  readonly retryAfterMs: number | undefined;
  readonly metadata: Metadata | undefined;
  /** Whether only the log has the whole of it. */
  readonly isHidden: boolean;
}

// Whatever they tell the caller, somebody has to look into them.
const faults: ReadonlySet<status> = new Set([status.UNKNOWN, status.INTERNAL, status.DATA_LOSS]);

/** A StatusError tells what it was made to tell; of what cannot be read of it, nothing. */
export function describeStatusError(error: StatusError): DescribedError {
  const { code } = error;
  if (!isErrorCode(code)) {
    return describeForeign(status.INTERNAL);
  }
  const errorDetails = attempt(() => error.errorDetails) ?? {};
  return {
    code,
    text: String(error.details),
    kind: kindOf(code),
    field: attempt(() => errorDetails.badRequest?.fieldViolations?.[0]?.field) ?? "",
    errorDetails,
    retryAfterMs: attempt(() => retryDelayMs(errorDetails)),
    metadata: attempt(() => error.metadata),
    isHidden: faults.has(code),
  };
}

/** An AppError tells its message if it is exposed, and what it is for programs in any case. */
export function describeAppError(error: AppError, code: status): DescribedError {
  const { expose } = error;
  return {
    code,
    text: expose ? String(error.message) : statusCodeInfo(code).text,
    // The name of a class that is not exposed may tell what the service is built of.
    kind: expose ? error.name : error.kind,
    field: violationsOf(error)[0]?.field ?? "",
    errorDetails: errorDetailsOf(error),
    retryAfterMs: error.retryAfterMs,
    metadata: undefined,
    isHidden: !expose || faults.has(code),
  };
}

function errorDetailsOf(error: AppError): ErrorDetailsInit {
  const { expose, resource, retryAfterMs } = error;
  const details: { -readonly [Name in keyof ErrorDetailsInit]: ErrorDetailsInit[Name] } = {
    errorInfo: {
      reason: error.reason ?? (expose ? reasonOf(error.name) : undefined),
      metadata: expose ? new Map(Object.entries(error.metadata)) : undefined,
    },
  };
  const fieldViolations = violationsOf(error);
  if (fieldViolations.length > 0) {
    details.badRequest = { fieldViolations };
  }
  const quotaViolations = quotaViolationsOf(error);
  if (quotaViolations.length > 0) {
    details.quotaFailure = { violations: quotaViolations };
  }
  if (expose && resource !== undefined) {
    details.resourceInfo = { resourceType: resource.type, resourceName: resource.name };
  }
  if (retryAfterMs !== undefined && retryAfterMs !== Number.POSITIVE_INFINITY) {
    details.retryInfo = { retryDelay: toDuration(retryAfterMs) };
  }
  return details;
}

// By kind and not by class, so that it holds for the errors of a second copy of this package.
function violationsOf(error: AppError): readonly FieldViolation[] {
  return error.expose && error.kind === "ValidationError"
    ? (error as ValidationError).violations
    : [];
}

function quotaViolationsOf(error: AppError): readonly QuotaViolation[] {
  return error.expose && error.kind === "RateLimitError"
    ? (error as RateLimitError).violations
    : [];
}

/** An error that says nothing to the caller but what its code means, or its text if it is exposed. */
export function describeForeign(code: status, text?: string): DescribedError {
  return {
    code,
    text: text ?? statusCodeInfo(code).text,
    kind: kindOf(code),
    field: "",
    errorDetails: {},
    retryAfterMs: undefined,
    metadata: undefined,
    isHidden: text === undefined || faults.has(code),
  };
}

function kindOf(code: status): string {
  return `${statusCodeInfo(code).goName}Error`;
}

/** "SKU_TAKEN" of "SkuTakenError"; undefined if the name makes no reason. */
function reasonOf(name: string): string | undefined {
  const reason = name
    .replace(/(Error|Exception)$/, "")
    .replaceAll(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4")
    .toUpperCase();
  return isReason(reason) ? reason : undefined;
}
