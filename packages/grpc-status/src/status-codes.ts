import { status } from "@grpc/grpc-js";

/** What is known of a status code. */
export interface StatusCodeInfo {
  readonly code: status;
  /** Its canonical name: "NOT_FOUND". */
  readonly name: string;
  /** Its name in Go, which is what `grpc_code` has in Prometheus: "NotFound". */
  readonly goName: string;
  /** What a gateway answers with it over HTTP. */
  readonly httpStatus: number;
  /** Whether sending the same call again may help, if the method is idempotent. */
  readonly isRetryable: boolean;
  /** Whether the server is to blame, so that its span is an error. */
  readonly isServerFault: boolean;
  readonly serverLogLevel: LogLevel;
  readonly clientLogLevel: LogLevel;
  /** What a caller is told whom the server's own text is not meant for. */
  readonly text: string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

type Row = readonly [
  goName: string,
  httpStatus: number,
  isServerFault: boolean,
  serverLogLevel: LogLevel,
  clientLogLevel: LogLevel,
  text: string,
];

// HTTP: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
// Faults: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
// Levels: https://github.com/grpc-ecosystem/go-grpc-middleware/blob/main/interceptors/logging/options.go
// In the order of their codes.
const rows: readonly Row[] = [
  ["OK", 200, false, "info", "debug", "OK"],
  ["Canceled", 499, false, "info", "debug", "the call was cancelled"],
  ["Unknown", 500, true, "error", "info", "unknown error"],
  ["InvalidArgument", 400, false, "info", "debug", "invalid argument"],
  ["DeadlineExceeded", 504, true, "warn", "info", "deadline exceeded"],
  ["NotFound", 404, false, "info", "debug", "not found"],
  ["AlreadyExists", 409, false, "info", "debug", "already exists"],
  ["PermissionDenied", 403, false, "warn", "info", "permission denied"],
  ["ResourceExhausted", 429, false, "warn", "debug", "resource exhausted"],
  ["FailedPrecondition", 400, false, "warn", "debug", "the state of the system does not allow it"],
  ["Aborted", 409, false, "warn", "debug", "conflict with another operation; start again"],
  ["OutOfRange", 400, false, "warn", "debug", "out of range"],
  ["Unimplemented", 501, true, "error", "warn", "not implemented"],
  ["Internal", 500, true, "error", "warn", "internal error"],
  ["Unavailable", 503, true, "warn", "warn", "unavailable; try again later"],
  ["DataLoss", 500, true, "error", "warn", "data loss"],
  ["Unauthenticated", 401, false, "info", "info", "not authenticated"],
];

/** Every status code, at its number. */
export const statusCodes: readonly StatusCodeInfo[] = rows.map(
  ([goName, httpStatus, isServerFault, serverLogLevel, clientLogLevel, text], code) => ({
    code,
    name: status[code] as string,
    goName,
    httpStatus,
    isRetryable: code === status.UNAVAILABLE,
    isServerFault,
    serverLogLevel,
    clientLogLevel,
    text,
  }),
);

/** What is known of the code. A number that is none is UNKNOWN, as the specification has it. */
export function statusCodeInfo(code: number): StatusCodeInfo {
  return (statusCodes[code] ?? statusCodes[status.UNKNOWN]) as StatusCodeInfo;
}

/**
 * Whether sending the same call again may help, if the method is idempotent. UNAVAILABLE only: ABORTED
 * wants the whole transaction again, and RESOURCE_EXHAUSTED some time to pass.
 */
export function isRetryable(code: number): boolean {
  return statusCodeInfo(code).isRetryable;
}

/** Whether the server is to blame, and not the call that it got. */
export function isServerFault(code: number): boolean {
  return statusCodeInfo(code).isServerFault;
}
