import type { status } from "@grpc/grpc-js";
import { type LogLevel, statusCodeInfo } from "@grpc-kit/grpc-status";
import type { Method } from "../method.ts";
import { isHealthOrReflection } from "../method-match.ts";

/** A method, as far as it decides how its calls are logged. */
export type LoggedMethod = Pick<Method, "path" | "service">;

export interface LogLevelOptions {
  /**
   * How a call that ended with this code is logged. Asked once for each code of a method, not for each
   * call. Default: `statusCodeInfo(code).serverLogLevel` of grpc-status, go-grpc-middleware's table.
   */
  readonly levelOf?: (code: status, method: LoggedMethod) => LogLevel;
  /**
   * Whether the calls of a method go to "debug" that went to "info". Asked as `levelOf` is. Default:
   * `isHealthOrReflection`.
   */
  readonly isQuiet?: (method: LoggedMethod) => boolean;
}

/** The level of a call's line, and what it is if the call took too long. */
export interface CallLevels {
  readonly level: LogLevel;
  readonly slowLevel: LogLevel;
}

/** Makes a function that tells the levels by a call's code and method. */
export function createLevelsOf({
  levelOf = serverLogLevel,
  isQuiet = isHealthOrReflection,
}: LogLevelOptions): (code: status, method: LoggedMethod) => CallLevels {
  return (code, method) => {
    const level = levelOf(code, method);
    if (level !== "info" && level !== "debug") {
      return { level, slowLevel: level };
    }
    return isQuiet(method) ? { level: "debug", slowLevel: "debug" } : { level, slowLevel: "warn" };
  };
}

function serverLogLevel(code: status): LogLevel {
  return statusCodeInfo(code).serverLogLevel;
}
