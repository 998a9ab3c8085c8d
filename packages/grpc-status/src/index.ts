// What a server has said.
export {
  type CallErrorOptions,
  GrpcCallError,
  isGrpcCallError,
  toCallError,
} from "./call-error.ts";
export {
  type DetailName,
  decodeErrorDetails,
  type ErrorDetails,
  type ErrorDetailsInit,
  encodeErrorDetails,
  type StandardDetails,
  toAny,
} from "./error-details.ts";
export {
  createErrorMapper,
  type ErrorMapperOptions,
  type ErrorToStatus,
  errorToStatus,
  type LocalizableError,
} from "./error-mapper.ts";
export { type ErrorRule, errorRule } from "./error-rule.ts";
export { ERROR_STATUS_MAP } from "./error-status-map.ts";
export {
  AppError,
  type AppErrorKind,
  type AppErrorOptions,
  ConflictError,
  DatabaseError,
  ExternalServiceError,
  type FieldViolation,
  ForbiddenError,
  isAppError,
  NotFoundError,
  type QuotaViolation,
  RateLimitError,
  type RateLimitErrorOptions,
  type Resource,
  TimeoutError,
  UnauthorizedError,
  ValidationError,
  type ValidationErrorOptions,
} from "./errors.ts";
export { type DetailType, findDetail } from "./find-detail.ts";
// About codes.
export { codeToHttpStatus, httpStatusToCode } from "./http-status.ts";
export { retryPushbackMs, setRetryPushback } from "./retry-pushback.ts";
// For servers and interceptors that send statuses and metadata of others.
export { toSafeDetails } from "./safe-details.ts";
export { isReserved, type SafeMetadata, toSafeMetadata } from "./safe-metadata.ts";
export {
  isRetryable,
  isServerFault,
  type LogLevel,
  type StatusCodeInfo,
  statusCodeInfo,
  statusCodes,
} from "./status-codes.ts";
export { readErrorDetail, readErrorDetails } from "./status-details.ts";
export { isStatusError, StatusError, type StatusErrorOptions } from "./status-error.ts";
export { isAbortError } from "./system-errors.ts";
export { type ErrorContext, toSafeStatus, type WireStatus } from "./wire-status.ts";
