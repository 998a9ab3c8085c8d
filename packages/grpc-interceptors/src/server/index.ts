export type { CallKind, Method } from "../method.ts";
export { type AuthorizeOptions, authorize } from "./authorize.ts";
// What options and results are made of, and what interceptors of your own may be made with.
export type {
  CallHook,
  CallOutcome,
  CallStatus,
  InterceptedCall,
  ServerHook,
} from "./call-hook.ts";
export type { CallObserver, ObservedCall, ObservedOutcome } from "./call-observer.ts";
export { type ConcurrencyLimitOptions, concurrencyLimit } from "./concurrency-limit.ts";
export { type DeadlineOptions, deadline } from "./deadline.ts";
export { type ErrorsOptions, errors, type HiddenFailure } from "./errors.ts";
export { isHealthOrReflection } from "./log-levels.ts";
export { type LoggingOptions, logging } from "./logging.ts";
export type { ObservingInterceptor } from "./observing-interceptor.ts";
export { type RateLimitOptions, rateLimit } from "./rate-limit.ts";
export { type RequestContextOptions, requestContext } from "./request-context.ts";
export { health, type MethodMatch, methods, not, reflection, select } from "./select.ts";
export { fuse, serverInterceptor } from "./server-interceptor.ts";
export {
  type StandardServer,
  type StandardServerOptions,
  standardServerInterceptors,
} from "./standard.ts";
export { type ValidationOptions, validation } from "./validation.ts";
