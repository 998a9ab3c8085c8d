import type { Interceptor, Metadata, status } from "@grpc/grpc-js";
import { currentCall, requestIdKey } from "@grpc-kit/grpc-context";
import { type LogLevel, statusCodeInfo } from "@grpc-kit/grpc-status";
import {
  checkLogger,
  isLevelEnabled,
  type LeveledLogger,
  toMs,
  toTime,
  writeLine,
} from "../log-line.ts";
import { redactText, toLogText } from "../log-text.ts";
import type { Method } from "../method.ts";
import { type ClientOutcome, clientInterceptor, type StartedCall } from "./client-hook.ts";

export interface LoggingOptions {
  /** Where the lines go: pino, or what has its shape. Without `isLevelEnabled` it gets every line. */
  readonly logger: LeveledLogger;
  /**
   * How a call that ended with this code is logged. Default: `statusCodeInfo(code).clientLogLevel` of
   * grpc-status, go-grpc-middleware's table, which has OK at "debug".
   */
  readonly levelOf?: (code: status, method: Pick<Method, "path" | "service">) => LogLevel;
}

/** One line in the log for each call when it has ended. The same for all four kinds of call. */
export function logging(options: LoggingOptions): Interceptor {
  const { logger, levelOf = clientLogLevel } = options;
  checkLogger(logger);
  return clientInterceptor((call) => {
    // At the end of the call its context may be another's.
    const servedId = currentCall()?.get(requestIdKey);
    return {
      onEnd(outcome) {
        const level = levelOf(outcome.code, call.method);
        if (isLevelEnabled(logger, level)) {
          writeLine(logger, level, lineOf(call, outcome, servedId), "finished call");
        }
      },
    };
  });
}

function lineOf(
  { method, metadata, options }: StartedCall,
  outcome: ClientOutcome,
  servedId: string | undefined,
): object {
  const requestId = requestIdOf(metadata) ?? servedId;
  const deadlineTime = toTime(Number(options.deadline ?? Number.POSITIVE_INFINITY));
  return {
    "grpc.component": "client",
    "grpc.service": method.service,
    "grpc.method": method.name,
    "grpc.method_type": method.kind,
    ...(deadlineTime !== undefined && { "grpc.request.deadline": deadlineTime }),
    "grpc.code": statusCodeInfo(outcome.code).name,
    "grpc.time_ms": toMs(outcome.durationMs),
    msgs_in: outcome.messagesReceived,
    msgs_out: outcome.messagesSent,
    ...(requestId !== undefined && { request_id: toLogText(requestId, 128) }),
    ...(outcome.code !== 0 && { "grpc.error": toLogText(redactText(outcome.details)) }),
  };
}

function requestIdOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get("x-request-id");
  return typeof value === "string" ? value : undefined;
}

function clientLogLevel(code: status): LogLevel {
  return statusCodeInfo(code).clientLogLevel;
}
