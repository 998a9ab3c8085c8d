export {
  health,
  isHealthOrReflection,
  type MethodMatch,
  methods,
  not,
  reflection,
} from "../method-match.ts";
// For interceptors of your own.

export type { LeveledLogger } from "../log-line.ts";
export { toLoggedError } from "../logged-error.ts";
export type { CallKind, Method } from "../method.ts";
export type { AdaptiveLimitOptions } from "./adaptive-limit.ts";
export {
  type AuthorizationDecision,
  type AuthorizationReason,
  type AuthorizeOptions,
  authorize,
} from "./authorize.ts";
export type { AuthorizationRule } from "./authorize-rules.ts";
export type {
  CallHook,
  CallOutcome,
  CallStatus,
  InterceptedCall,
  ServerHook,
} from "./call-hook.ts";
export type { CallObserver, ObservedCall, ObservedOutcome } from "./call-observer.ts";
export {
  type ConcurrencyLimit,
  type ConcurrencyLimitOptions,
  type ConcurrencyRefusal,
  type ConcurrencyStats,
  concurrencyLimit,
} from "./concurrency-limit.ts";
export { type DeadlineOptions, deadline, type MethodDeadline } from "./deadline.ts";
export { type ErrorsOptions, errors } from "./errors.ts";
export { type HiddenFailure, logHiddenFailure } from "./hidden-failure.ts";
export type { LogLevelOptions } from "./log-levels.ts";
export { type LoggingOptions, logging } from "./logging.ts";
export type { ObservingInterceptor } from "./observing-interceptor.ts";
export { type RateLimitOptions, rateLimit } from "./rate-limit.ts";
export type { PayloadLoggingOptions } from "./redaction.ts";
export { type RequestContextOptions, requestContext } from "./request-context.ts";
export { select } from "./select.ts";
export { fuse, serverInterceptor } from "./server-interceptor.ts";
export {
  type StandardServer,
  type StandardServerOptions,
  standardServerInterceptors,
} from "./standard.ts";
export {
  type RateLimitStore,
  type RateLimitVerdict,
  type TokenBucketOptions,
  type TokenBuckets,
  tokenBuckets,
} from "./token-bucket.ts";
export { type RequestValidator, type ValidationOptions, validation } from "./validation.ts";
