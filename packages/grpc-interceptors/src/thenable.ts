/** Whether it is a promise, of whatever library or realm. */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as { readonly then?: unknown } | undefined)?.then === "function";
}

/**
 * Throws a TypeError for a promise, whose outcome nobody would wait for. TypeScript lets one pass where
 * nothing is to be returned.
 */
export function refusePromise(what: string, returned: unknown): void {
  if (isThenable(returned)) {
    returned.then(undefined, () => {});
    throw new TypeError(`${what} must be synchronous, got a promise`);
  }
}
