import { inspect } from "node:util";

/** Throws a TypeError unless `value` is an object with no other keys than these. */
export function checkNames(name: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object, got ${inspect(value)}`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`${name} must be of ${known.join(", ")}, got ${inspect(unknown)}`);
  }
}

/** Throws a RangeError unless `value` is an integer in this range. */
export function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (!Number.isInteger(value) || !isInRange(value, min, max)) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${inspect(value)}`);
  }
}

/** Throws a RangeError unless `value` is a number in this range. */
export function checkNumber(name: string, value: unknown, min: number, max: number): void {
  if (!isInRange(value, min, max)) {
    throw new RangeError(`${name} must be a number from ${min} to ${max}, got ${inspect(value)}`);
  }
}

/** The longest delay that setTimeout takes; it would take a longer one for 1 ms. */
export const maxTimerMs: number = 2 ** 31 - 1;

// Further away than any deadline, and near enough for a timer.
const maxDelayMs = 86_400_000;

/** Throws a RangeError unless `value` is a number of milliseconds, at least `min`, up to a day. */
export function checkDelay(name: string, value: unknown, min: number): void {
  checkNumber(name, value, min, maxDelayMs);
}

/** Throws a RangeError unless delays can grow from `backoffBaseMs` to `maxBackoffMs`. */
export function checkBackoff(prefix: string, backoffBaseMs: number, maxBackoffMs: number): void {
  checkDelay(`${prefix}backoffBaseMs`, backoffBaseMs, 1);
  checkDelay(`${prefix}maxBackoffMs`, maxBackoffMs, 1);
  if (backoffBaseMs > maxBackoffMs) {
    const most = `at most ${prefix}maxBackoffMs, ${maxBackoffMs}`;
    throw new RangeError(`${prefix}backoffBaseMs must be ${most}, got ${backoffBaseMs}`);
  }
}

function isInRange(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max;
}
