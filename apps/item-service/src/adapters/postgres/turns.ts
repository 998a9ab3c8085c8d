/** A place among those that are let in. */
export interface Turn {
  /** Settles once it is let in. */
  readonly ready: Promise<void>;
  /** Gives the place to the next. */
  end(): void;
  /** Leaves the line. Returns whether it still stood there. */
  leave(): boolean;
}

/** Lets at most `max` in at once, the others in the order in which they came. */
export function createTurns(max: number): () => Turn {
  const waiting = new Set<() => void>();
  let free = max;
  const end = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  };
  return () => {
    if (free > 0) {
      free -= 1;
      return { ready: Promise.resolve(), end, leave: () => false };
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    return { ready: promise, end, leave: () => waiting.delete(resolve) };
  };
}
