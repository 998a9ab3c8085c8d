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
