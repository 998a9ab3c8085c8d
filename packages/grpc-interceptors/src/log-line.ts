import type { Logger } from "@grpc-kit/grpc-context";
import type { LogLevel } from "@grpc-kit/grpc-status";
import { reportToStderr } from "./report.ts";

/** A logger that may be asked whether a line would be written at all, as pino may. */
export interface LeveledLogger extends Logger {
  isLevelEnabled?(level: string): boolean;
}

/** Throws a TypeError unless this can take lines. */
export function checkLogger(logger: LeveledLogger): void {
  if (typeof logger?.info !== "function") {
    throw new TypeError(`logger must have debug, info, warn and error, got ${typeof logger}`);
  }
}

/** Whether it is worth making a line. A logger that cannot be asked decides by itself. */
export function isLevelEnabled(logger: LeveledLogger, level: LogLevel): boolean {
  return logger.isLevelEnabled === undefined || logger.isLevelEnabled(level);
}

/** Writes a line. A logger that throws must not end the call. */
export function writeLine(logger: Logger, level: LogLevel, fields: object, message: string): void {
  try {
    logger[level](fields, message);
  } catch (error) {
    reportToStderr("the logger has thrown", error);
  }
}

/** How long a call took, to the microsecond. */
export function toMs(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}

// Deadlines of calls at a time are mostly of one second, and a Date costs more than all else of a field.
const latest = { second: Number.NaN, prefix: "" };

/** The time as a log has it; undefined where no Date can have it: a deadline of never, for one. */
export function toTime(epochMs: number): string | undefined {
  if (!(Math.abs(epochMs) <= 8.64e15)) {
    return undefined;
  }
  const wholeMs = Math.trunc(epochMs);
  const second = Math.floor(wholeMs / 1000);
  if (second !== latest.second) {
    latest.second = second;
    latest.prefix = new Date(second * 1000).toISOString().slice(0, -4);
  }
  return `${latest.prefix}${String(wholeMs - second * 1000).padStart(3, "0")}Z`;
}
