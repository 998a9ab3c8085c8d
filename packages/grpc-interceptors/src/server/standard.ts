import type { ServerInterceptor } from "@grpc/grpc-js";
import { type CallValues, type Logger, loggerKey } from "@grpc-kit/grpc-context";
import { health, not } from "../method-match.ts";
import type { CallObserver } from "./call-observer.ts";
import { type ErrorsOptions, errors } from "./errors.ts";
import { logFailure } from "./hidden-failure.ts";
import { type LoggingOptions, logging } from "./logging.ts";
import type { ObservingInterceptor } from "./observing-interceptor.ts";
import { type RequestContextOptions, requestContext } from "./request-context.ts";
import { select } from "./select.ts";
import { fuse } from "./server-interceptor.ts";

export interface StandardServerOptions {
  /** Takes the log. Any logger of pino's shape. */
  readonly logger: Logger;
  /** How calls are logged. Default: that of `logging`. */
  readonly logging?: Omit<LoggingOptions, "logger">;
  /** How calls are named. Default: that of `requestContext`. */
  readonly requestContext?: RequestContextOptions;
  /** What callers are told of errors. Default: what grpc-status says. */
  readonly errorToStatus?: ErrorsOptions["errorToStatus"];
  /** `tracing()` of grpc-interceptors/server/tracing. Default: no spans. */
  readonly tracing?: ObservingInterceptor;
  /** `metrics()` of grpc-interceptors/server/metrics. Default: no metrics. */
  readonly metrics?: ObservingInterceptor;
  /** `deadline()`; a grpc-server has deadlines of its own. Default: none but the caller's. */
  readonly deadline?: ServerInterceptor;
  /** `concurrencyLimit()`; a grpc-server has limits of its own. Default: none. */
  readonly concurrencyLimit?: ServerInterceptor;
  /** `auth()` of grpc-interceptors/server/auth. Default: callers are not known. */
  readonly auth?: ServerInterceptor;
  /** `authorize()`. Default: whoever gets here may call. */
  readonly authorize?: ServerInterceptor;
  /** `rateLimit()`. Default: no limit. */
  readonly rateLimit?: ServerInterceptor;
  /** `validation()`. Default: messages are not looked at. */
  readonly validation?: ServerInterceptor;
}

/** What goes into `createGrpcServer` as it is; a bare server of grpc-js takes the interceptors. */
export interface StandardServer {
  readonly interceptors: ServerInterceptor[];
  /** For the calls that no interceptor sees. */
  readonly observers: CallObserver[];
  /** Logs what a caller is not told, with the error id that it got instead. */
  readonly onError: (
    error: unknown,
    call: Pick<CallValues, "get"> & { readonly path: string },
    errorId: string | undefined,
  ) => void;
}

/**
 * The whole set in the right order: what observes is outside of all that can refuse a call, what is
 * cheap refuses before what is not, and limits for each caller come after who it is. Calls of the
 * health protocol pass by `auth`, `authorize` and the limits, since a kubelet has no token.
 */
export function standardServerInterceptors(options: StandardServerOptions): StandardServer {
  const { logger, tracing, metrics } = options;
  const onError: StandardServer["onError"] = (error, call, errorId) =>
    logFailure(call.get(loggerKey) ?? logger, { path: call.path, error, errorId });
  const log = logging({ ...options.logging, logger });
  const guards = [options.auth, options.authorize, options.rateLimit]
    .filter(isGiven)
    .map((interceptor) => select(interceptor, not(health)));
  const interceptors = [
    requestContext(options.requestContext),
    tracing,
    metrics,
    log,
    errors(options.errorToStatus && { errorToStatus: options.errorToStatus }),
    options.deadline,
    options.concurrencyLimit && select(options.concurrencyLimit, not(health)),
    ...guards,
    options.validation,
  ];
  return {
    interceptors: fuse(interceptors.filter(isGiven)),
    observers: [tracing, metrics, log].filter(isGiven).map(({ observer }) => observer),
    onError,
  };
}

function isGiven<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
