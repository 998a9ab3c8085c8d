import { loggerKey } from "@grpc-kit/grpc-context";
import { checkLogger, isLevelEnabled, type LeveledLogger, writeLine } from "../log-line.ts";
import type { CallHook } from "./call-hook.ts";
import type { CallObserver } from "./call-observer.ts";
import { createLevelsOf, type LogLevelOptions } from "./log-levels.ts";
import { LoggedCall, PayloadLoggedCall } from "./logging-call.ts";
import { CallLog } from "./logging-call-log.ts";
import { observedFields } from "./logging-fields.ts";
import { type ObservingInterceptor, observingInterceptor } from "./observing-interceptor.ts";
import { createPayloadText, type PayloadLoggingOptions } from "./redaction.ts";

export interface LoggingOptions extends LogLevelOptions {
  /** Where the lines go: pino, or what has its shape. Without `isLevelEnabled` it gets every line. */
  readonly logger: LeveledLogger;
  /** From when on a unary call is logged at "warn", if it is not quiet. Infinity: never. Default: 500. */
  readonly slowMs?: number;
  /** Logs messages as well, at "debug", and tells what of them is hidden. Default: they are not logged. */
  readonly payloads?: PayloadLoggingOptions;
}

/**
 * One line in the log for each call when it has ended, however it ended, and one at "debug" when it
 * begins; messages only if asked. The same for all four kinds of call, but that a stream is never slow.
 *
 * Its place is outside of all that refuses calls, inside of `requestContext` and `tracing`. Handlers get
 * a logger whose lines carry the ids of the call, as `loggerKey`. Its `observer` logs the calls that
 * grpc-server refuses before interceptors see them.
 */
export function logging(options: LoggingOptions): ObservingInterceptor {
  const { logger, slowMs = 500, payloads } = options;
  checkLogger(logger);
  if (!(slowMs > 0)) {
    throw new RangeError(`slowMs must be a positive number, got ${slowMs}`);
  }
  const levelsOf = createLevelsOf(options);
  const textOf = payloads === undefined ? undefined : createPayloadText(payloads);
  const log = new CallLog(logger, slowMs, levelsOf);

  const observer: CallObserver = {
    onEnd(call, outcome) {
      if (outcome.isIntercepted) {
        return;
      }
      const { method } = call;
      const service = method.slice(1, Math.max(0, method.lastIndexOf("/")));
      const { level } = levelsOf(outcome.code, { path: method, service });
      if (isLevelEnabled(logger, level)) {
        writeLine(logger, level, observedFields(call, outcome), "finished call");
      }
    },
  };

  return observingInterceptor((call): CallHook => {
    const isDebug = isLevelEnabled(logger, "debug");
    const logged =
      isDebug && textOf !== undefined
        ? new PayloadLoggedCall(call, log, textOf)
        : new LoggedCall(call, log);
    call.values.set(loggerKey, logged);
    if (isDebug) {
      log.writeEvent(call, "started call");
    }
    return logged;
  }, observer);
}
