import { status } from "@grpc/grpc-js";
import { isAppError } from "./app-error.ts";
import { attempt } from "./attempt.ts";
import { isGrpcCallError, isServiceError } from "./call-error.ts";
import { statusOfDatabaseError } from "./database-errors.ts";
import {
  type DescribedError,
  describeAppError,
  describeForeign,
  describeStatusError,
} from "./described-error.ts";
import type { ErrorRule } from "./error-rule.ts";
import { statusOf } from "./error-status-map.ts";
import { statusCodeInfo } from "./status-codes.ts";
import { isErrorCode, isStatusError } from "./status-error.ts";
import { isAbortError, statusOfSystemError } from "./system-errors.ts";
import { type ErrorContext, toWireStatus, type WireStatus } from "./wire-status.ts";

/** The status to send for whatever was thrown. Never throws. */
export type ErrorToStatus = (error: unknown, context?: ErrorContext) => WireStatus;

export interface ErrorMapperOptions {
  /** Asked in order, before everything else, for each error and each of its causes. Default: none. */
  readonly rules?: readonly ErrorRule[];
  /** Whose errors these are, for their ErrorInfo: "shop.example.com". Default: that of the context. */
  readonly domain?: string;
  /** The trace that is being recorded. Default, and if it throws: that of the context. */
  readonly traceId?: () => string | undefined;
  /** Says the error in the caller's language. Default, and if it throws: no LocalizedMessage. */
  readonly localize?: (
    error: LocalizableError,
    acceptLanguage: string,
  ) => { readonly locale: string; readonly message: string } | undefined;
  /**
   * Codes that a call to another service may pass on to this service's caller, beside those that it
   * has no hand in: UNAVAILABLE, DEADLINE_EXCEEDED and CANCELLED. All others are INTERNAL. Default: none.
   */
  readonly passThrough?: readonly status[];
  /** Whether the text of a DebugInfo may be sent. Its stack never is. Default: false. */
  readonly exposeDebug?: boolean;
}

/** An error that is about to be said in the caller's language. */
export interface LocalizableError {
  readonly code: status;
  readonly text: string;
  readonly reason: string;
  readonly metadata: ReadonlyMap<string, string>;
}

// A chain of causes may be of any length, or a circle.
const maxCauses = 16;

const passedOn: readonly status[] = [
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.UNAVAILABLE,
];

/**
 * Makes an `errorToStatus` with rules of one's own. Throws a TypeError or RangeError for options that
 * are none.
 */
export function createErrorMapper(options: ErrorMapperOptions = {}): ErrorToStatus {
  checkOptions(options);
  return (error, context = {}) => {
    const described = describe(error, options);
    const call = {
      ...context,
      domain: options.domain ?? context.domain,
      traceId: attempt(() => options.traceId?.()) ?? context.traceId,
    };
    try {
      return toWireStatus(withDetails(described, options, context), call);
    } catch {
      // Details that cannot be encoded must not hide the status.
      const { code, text, isHidden } = described;
      return toWireStatus({ ...describeForeign(code, text), isHidden }, call);
    }
  };
}

/**
 * The status to send for whatever was thrown, its causes looked at as well. Never throws. It tells the
 * caller what a StatusError or an exposed AppError was made to tell. Of any other error it tells what
 * its code means, and an id that joins it with the log.
 */
export const errorToStatus: ErrorToStatus = /* @__PURE__ */ createErrorMapper();

function describe(error: unknown, options: ErrorMapperOptions): DescribedError {
  try {
    return describeCauses(error, options) ?? describeForeign(status.INTERNAL);
  } catch {
    // A rule has thrown, or a getter or trap of the error itself.
    return describeForeign(status.INTERNAL);
  }
}

function describeCauses(error: unknown, options: ErrorMapperOptions): DescribedError | undefined {
  let isAborted = false;
  let current = error;
  for (let level = 0; level < maxCauses && current !== undefined; level += 1) {
    const described = describeOne(current, options);
    if (described !== undefined) {
      return described;
    }
    // What aborted it may be its cause: a deadline, for one.
    isAborted ||= isAbortError(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return isAborted ? describeForeign(status.CANCELLED) : undefined;
}

function describeOne(
  error: unknown,
  { rules = [], passThrough = [] }: ErrorMapperOptions,
): DescribedError | undefined {
  for (const rule of rules) {
    const answer = rule(error);
    if (answer !== undefined) {
      return isStatusError(answer) ? describeStatusError(answer) : describeAs(error, answer);
    }
  }
  if (isStatusError(error)) {
    return describeStatusError(error);
  }
  if (isAppError(error)) {
    return describeAppError(error, statusOf(error));
  }
  if (isGrpcCallError(error) || isServiceError(error)) {
    return describeForeign(codeToPassOn(error, passThrough));
  }
  if (!(error instanceof Error)) {
    return undefined;
  }
  const code = statusOfSystemError(error) ?? statusOfDatabaseError(error);
  return code === undefined ? undefined : describeForeign(code);
}

function describeAs(error: unknown, code: status): DescribedError {
  if (!isErrorCode(code)) {
    return describeForeign(status.INTERNAL);
  }
  if (isAppError(error)) {
    return describeAppError(error, code);
  }
  const { expose, message } = error as { readonly expose?: unknown; readonly message?: unknown };
  return describeForeign(code, expose === true ? String(message) : undefined);
}

/**
 * What another service answered is about the call that this one made, and not about its caller's:
 * INVALID_ARGUMENT, for one, is this service's own mistake.
 */
function codeToPassOn({ code }: { readonly code: status }, passThrough: readonly status[]): status {
  return passedOn.includes(code) || passThrough.includes(code) ? code : status.INTERNAL;
}

function withDetails(
  described: DescribedError,
  { localize, exposeDebug = false }: ErrorMapperOptions,
  { acceptLanguage }: ErrorContext,
): DescribedError {
  const { errorDetails, code, text } = described;
  let { debugInfo, localizedMessage } = errorDetails;
  if (debugInfo !== undefined) {
    debugInfo = exposeDebug ? { detail: debugInfo.detail } : undefined;
  }
  if (localize !== undefined && acceptLanguage !== undefined) {
    const { reason = statusCodeInfo(code).name, metadata = new Map() } =
      errorDetails.errorInfo ?? {};
    localizedMessage ??= attempt(() => localize({ code, text, reason, metadata }, acceptLanguage));
  }
  return { ...described, errorDetails: { ...errorDetails, debugInfo, localizedMessage } };
}

function checkOptions({
  rules = [],
  passThrough = [],
  domain = "",
  ...callbacks
}: ErrorMapperOptions): void {
  if (typeof domain !== "string") {
    throw new TypeError(`domain must be a string, got ${String(domain)}`);
  }
  for (const [index, rule] of rules.entries()) {
    if (typeof rule !== "function") {
      throw new TypeError(`rules must be functions, got ${String(rule)} at ${index}`);
    }
  }
  for (const code of passThrough) {
    if (!isErrorCode(code)) {
      throw new RangeError(`passThrough must be status codes from 1 to 16, got ${String(code)}`);
    }
  }
  for (const name of ["traceId", "localize"] as const) {
    if (!["undefined", "function"].includes(typeof callbacks[name])) {
      throw new TypeError(`${name} must be a function, got ${String(callbacks[name])}`);
    }
  }
}
