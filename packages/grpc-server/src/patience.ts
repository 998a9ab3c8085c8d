/** A time that may be brought forward, never put off. */
export class Patience {
  /** Settles when the time has come. */
  readonly over: Promise<void>;
  readonly #end: () => void;
  #endsAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#end = resolve;
  }

  /** Lets it end in `ms` milliseconds, unless it ends before. */
  endIn(ms: number): void {
    const endsAt = performance.now() + ms;
    if (endsAt < this.#endsAt) {
      this.#endsAt = endsAt;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#end, ms);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Settles with `promise`, or after `ms` milliseconds. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
