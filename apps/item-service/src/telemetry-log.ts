import type { DiagLogger } from "@opentelemetry/api";
import type { Logger } from "pino";

const maxLines = 5;
const windowMs = 60_000;
const maxTextLength = 500;

/**
 * Logs what OpenTelemetry says of itself: at most 5 lines a minute, so that a collector that is down
 * fills no disk. The next line tells how many were `unsaid`.
 */
export function telemetryLog(
  logger: Pick<Logger, "warn">,
  now: () => number = () => performance.now(),
): DiagLogger {
  let [windowEndsAt, lines, unsaid] = [Number.NEGATIVE_INFINITY, 0, 0];
  const write = (message: string, ...rest: unknown[]): void => {
    const time = now();
    if (time >= windowEndsAt) {
      [windowEndsAt, lines] = [time + windowMs, 0];
    }
    if (lines >= maxLines) {
      unsaid += 1;
      return;
    }
    const text = [message, ...rest].map(String).join(" ").slice(0, maxTextLength);
    logger.warn({ telemetry: text, ...(unsaid > 0 && { unsaid }) }, "telemetry");
    [lines, unsaid] = [lines + 1, 0];
  };
  // Details may hold what is sent.
  const ignore = (): void => {};
  return { error: write, warn: write, info: ignore, debug: ignore, verbose: ignore };
}
