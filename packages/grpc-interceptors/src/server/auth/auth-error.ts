import { status } from "@grpc/grpc-js";
import { isAppError, isStatusError, StatusError, UnauthorizedError } from "@grpc-kit/grpc-status";
import { errors } from "jose";

/** What programs tell a refusal by: the `reason` of its ErrorInfo. */
export type AuthReason = "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED";

// Callers are told which of three it is, and no more: what exactly is wrong helps forgers.
const texts: Readonly<Record<AuthReason, string>> = {
  TOKEN_MISSING: "credentials are missing",
  TOKEN_INVALID: "credentials are not valid",
  TOKEN_EXPIRED: "credentials have expired",
};

/** An error for UNAUTHENTICATED. The cause is for logs alone. */
export function unauthenticated(reason: AuthReason, cause?: unknown): UnauthorizedError {
  return new UnauthorizedError(texts[reason], { reason, cause });
}

/** An error for UNAVAILABLE: whether the credentials are good cannot be told. */
export function keysUnavailable(cause: unknown): StatusError {
  return new StatusError(status.UNAVAILABLE, "credentials cannot be verified at the moment", {
    cause,
    errorDetails: { errorInfo: { reason: "KEYS_UNAVAILABLE" } },
  });
}

/** The refusal that an error of jose, or of what it calls, means. */
export function toRefusal(error: unknown): Error {
  if (isAppError(error) || isStatusError(error)) {
    return error;
  }
  const reason = error instanceof errors.JWTExpired ? "TOKEN_EXPIRED" : "TOKEN_INVALID";
  return unauthenticated(reason, withoutPayload(error));
}

// jose's errors carry the claims, and theirs causes pieces of the token; neither is for logs.
function withoutPayload(error: unknown): Error {
  if (error instanceof errors.JOSEError) {
    return Object.assign(new Error(error.message), { code: error.code });
  }
  return new Error(
    error instanceof Error ? `${error.name} of the key or the token` : "not an error",
  );
}
