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

// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
const timeoutPattern = /^\d{1,8}[HMSmun]$/;
const namePattern = /^[:0-9a-z_.-]+$/;
const valuePattern = /^[\x20-\x7e]*$/;

/** The milliseconds of a `grpc-timeout`. Infinity if there is none, or none that can be read. */
export function timeoutOf(header: string | readonly string[] | undefined): number {
  if (typeof header !== "string" || !timeoutPattern.test(header)) {
    return Number.POSITIVE_INFINITY;
  }
  return Number(header.slice(0, -1)) * (unitMs[header.slice(-1)] ?? Number.NaN);
}

/**
 * Takes out of a call's headers what grpc-js would stumble over when it reads them, and gives the size
 * of what came, as HTTP/2 counts it: https://www.rfc-editor.org/rfc/rfc9113#section-10.5.1
 *
 * - A name or value that is no legal metadata, which grpc-js would print to stderr, secrets and all.
 * - A timeout of more than 24.8 days: grpc-js counts in 32 bits and would end the call at once.
 * - A malformed timeout of which grpc-js would read a part. It is made one that grpc-js refuses.
 */
export function cleanHeaders(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const name in headers) {
    const value = String(headers[name]);
    bytes += name.length + value.length + 32;
    if (!valuePattern.test(value) || !namePattern.test(name)) {
      delete headers[name];
    }
  }
  const timeout = headers["grpc-timeout"];
  if (timeout !== undefined) {
    if (typeof timeout !== "string" || !timeoutPattern.test(timeout)) {
      headers["grpc-timeout"] = "malformed";
    } else if (timeoutOf(timeout) > maxTimerMs) {
      delete headers["grpc-timeout"];
    }
  }
  return bytes;
}
