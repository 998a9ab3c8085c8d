import type { status } from "@grpc/grpc-js";
import { type LogLevel, statusCodeInfo } from "@grpc-kit/grpc-status";
import type { Method } from "../method.ts";

/** A method, as far as it decides how its calls are logged. */
export type LoggedMethod = Pick<Method, "path" | "service">;

export interface LogLevelOptions {
  /**
   * How a call that ended with this code is logged. Default: `statusCodeInfo(code).serverLogLevel` of
   * grpc-status, go-grpc-middleware's table.
   */
  readonly levelOf?: (code: status, method: LoggedMethod) => LogLevel;
  /** Whether the calls of a method go to "debug" that went to "info". Default: `isHealthOrReflection`. */
  readonly isQuiet?: (method: LoggedMethod) => boolean;
}

// Probes and tools call these all day: nobody wants to read that they have.
const quietServices = new Set([
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
]);

/** Whether a method is of gRPC's own health or reflection service. */
export function isHealthOrReflection({ service }: Pick<LoggedMethod, "service">): boolean {
  return quietServices.has(service);
}

/** The level of a call's line, by its code, its method, and whether it took too long. */
export function createLevelOf({
  levelOf = serverLogLevel,
  isQuiet = isHealthOrReflection,
}: LogLevelOptions): (code: status, method: LoggedMethod, isSlow: boolean) => LogLevel {
  return (code, method, isSlow) => {
    const level = levelOf(code, method);
    if (level !== "info" && level !== "debug") {
      return level;
    }
    if (isQuiet(method)) {
      return "debug";
    }
    return isSlow ? "warn" : level;
  };
}

function serverLogLevel(code: status): LogLevel {
  return statusCodeInfo(code).serverLogLevel;
}
