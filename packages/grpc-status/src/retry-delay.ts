import type { Duration } from "@grpc-kit/generated-protos/google/protobuf/duration";
import type { ErrorDetailsInit } from "./error-details.ts";

// https://protobuf.dev/reference/protobuf/google.protobuf/#duration
const maxSeconds = 315_576_000_000;

/** A delay as a message: rounded up to the millisecond, 10,000 years at the most. */
export function toDuration(delayMs: number): Duration {
  const ms = Math.ceil(Math.min(delayMs, maxSeconds * 1_000));
  const seconds = Math.floor(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1_000) * 1_000_000 };
}

/**
 * The delay of a RetryInfo in milliseconds, rounded up: 0 if it is negative, undefined if there is none or
 * it is out of range.
 */
export function retryDelayMs({ retryInfo }: ErrorDetailsInit): number | undefined {
  const delay = retryInfo?.retryDelay;
  if (delay === undefined) {
    return undefined;
  }
  const { seconds = 0n, nanos = 0 } = delay;
  if (seconds > BigInt(maxSeconds) || Math.abs(nanos) >= 1_000_000_000) {
    return undefined;
  }
  return Math.max(0, Math.ceil(Number(seconds) * 1_000 + nanos / 1_000_000));
}
