export type Responses = AsyncIterator<unknown> | Iterator<unknown>;

/** The iterator of what a streaming handler has returned. Throws a TypeError if it has none. */
export function iterate(responses: unknown, path: string): Responses {
  const iterable = responses as
    | Partial<AsyncIterable<unknown> & Iterable<unknown>>
    | undefined
    | null;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw new TypeError(`handler of ${path} must return an iterable, got ${typeof responses}`);
  }
  return iterator;
}

/** Whether an error says that something was given up because its signal aborted. */
export function isAbortError(error: unknown): boolean {
  try {
    return error instanceof Error && error.name === "AbortError";
  } catch {
    // A proxy may throw at any question.
    return false;
  }
}
