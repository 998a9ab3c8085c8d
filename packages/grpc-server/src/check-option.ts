import { inspect } from "node:util";

/** The longest delay that setTimeout takes; it would take a longer one for 1 ms. */
export const maxTimerMs: number = 2 ** 31 - 1;

/** Throws a RangeError unless `value` is a count of at least `min`, or Infinity. */
export function checkCount(name: string, value: number, min: number): void {
  if (value !== Number.POSITIVE_INFINITY && !(Number.isInteger(value) && value >= min)) {
    throw new RangeError(
      `${name} must be an integer from ${min}, or Infinity, got ${inspect(value)}`,
    );
  }
}

/** Throws a RangeError unless `value` is a number above 0. */
export function checkPositive(name: string, value: number): void {
  if (typeof value !== "number" || !(value > 0)) {
    throw new RangeError(`${name} must be a number above 0, got ${inspect(value)}`);
  }
}

/** Throws a RangeError unless `value` is a number of milliseconds above 0 for a timer. */
export function checkTimer(name: string, value: number): void {
  if (!isTimer(value)) {
    throw new RangeError(
      `${name} must be a number above 0 and up to ${maxTimerMs}, got ${inspect(value)}`,
    );
  }
}

function isTimer(value: number): boolean {
  return typeof value === "number" && value > 0 && value <= maxTimerMs;
}

/** Throws a RangeError unless `value` is a number of milliseconds above 0 for a timer, or Infinity. */
export function checkDuration(name: string, value: number): void {
  if (!isTimer(value) && value !== Number.POSITIVE_INFINITY) {
    throw new RangeError(
      `${name} must be milliseconds above 0 and up to ${maxTimerMs}, or Infinity, got ${inspect(value)}`,
    );
  }
}

/** Throws a RangeError unless `value` is a number of milliseconds, 0 or above, for a timer. */
export function checkDelay(name: string, value: number): void {
  if (!(typeof value === "number" && value >= 0 && value <= maxTimerMs)) {
    throw new RangeError(`${name} must be a number from 0 to ${maxTimerMs}, got ${inspect(value)}`);
  }
}

/** Throws a TypeError unless `value` is a text to listen on. */
export function checkHost(name: string, value: string): void {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${name} must be an address or a name, got ${inspect(value)}`);
  }
}

/** Throws a RangeError unless `value` is a port, or 0 for a free one. */
export function checkPort(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new RangeError(`${name} must be an integer from 0 to 65535, got ${inspect(value)}`);
  }
}

/** Throws a TypeError unless `value` is a text to call something. */
export function checkTitle(name: string, value: string): void {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${name} must be a text, got ${inspect(value)}`);
  }
}

/** Throws a TypeError unless `value` is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`${name} must be a function, got ${inspect(value)}`);
  }
}
