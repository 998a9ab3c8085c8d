import type { IncomingHttpHeaders } from "node:http2";
import { maxTimerMs } from "./check-option.ts";

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** The milliseconds of a `grpc-timeout`. Infinity if there is none, or none that can be read. */
export function timeoutOf(header: string | readonly string[] | undefined): number {
  if (typeof header !== "string") {
    return Number.POSITIVE_INFINITY;
  }
  const ms = Number(header.slice(0, -1)) * (unitMs[header.slice(-1)] ?? Number.NaN);
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

/**
 * Takes a timeout of more than 24.8 days out of the headers before grpc-js reads them. It would count
 * in 32 bits and end the call at once.
 */
export function dropEndlessTimeout(headers: IncomingHttpHeaders): void {
  const timeout = headers["grpc-timeout"];
  if (
    timeout !== undefined &&
    Number.isFinite(timeoutOf(timeout)) &&
    timeoutOf(timeout) > maxTimerMs
  ) {
    delete headers["grpc-timeout"];
  }
}
