import { status } from "@grpc/grpc-js";
import { attempt } from "./attempt.ts";

// What Node.js, its fetch and drivers over sockets say when the other side cannot be reached or has
// gone: https://nodejs.org/api/errors.html#common-system-errors
const unreachable: ReadonlySet<unknown> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CLOSED",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_SOCKET",
]);

const tooLarge: ReadonlySet<unknown> = new Set(["ERR_BUFFER_TOO_LARGE", "ERR_STRING_TOO_LONG"]);

/** The status of an error of the platform; undefined for any other. */
export function statusOfSystemError(error: Error): status | undefined {
  if (error.name === "TimeoutError") {
    return status.DEADLINE_EXCEEDED;
  }
  const { code } = error as { readonly code?: unknown };
  if (unreachable.has(code)) {
    return status.UNAVAILABLE;
  }
  return tooLarge.has(code) ? status.RESOURCE_EXHAUSTED : undefined;
}

/** Whether an error says that something was given up because its signal aborted. */
export function isAbortError(error: unknown): boolean {
  // A proxy may throw at any question.
  return attempt(() => error instanceof Error && error.name === "AbortError") === true;
}
