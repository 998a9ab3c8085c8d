import type { Metadata } from "@grpc/grpc-js";

export const retryPushbackKey = "grpc-retry-pushback-ms";
const maxPushbackMs = 2 ** 31 - 1;

/**
 * Tells clients that retry by a policy when to try again: after so many milliseconds, at most 2^31-1;
 * or, with Infinity, not at all. https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export function setRetryPushback(metadata: Metadata, delayMs: number): void {
  metadata.set(retryPushbackKey, toPushback(delayMs));
}

/** The trailer's value. Throws a RangeError for a delay that is none. */
export function toPushback(delayMs: number): string {
  if (!(delayMs >= 0)) {
    throw new RangeError(`delayMs must be 0 or more, got ${delayMs}`);
  }
  return delayMs === Number.POSITIVE_INFINITY
    ? "-1"
    : String(Math.min(Math.ceil(delayMs), maxPushbackMs));
}

/**
 * How long the server asks to wait before another try; Infinity: it asks for none, and so does a value
 * that cannot be read. Undefined: it says nothing.
 */
export function retryPushbackMs(metadata: Metadata): number | undefined {
  const value = metadata.get(retryPushbackKey)[0];
  if (value === undefined) {
    return undefined;
  }
  const delayMs = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : -1;
  return delayMs >= 0 && delayMs <= maxPushbackMs ? delayMs : Number.POSITIVE_INFINITY;
}
