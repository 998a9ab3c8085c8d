type Read = IteratorResult<unknown, undefined>;

interface Waiting {
  resolve(read: Read): void;
  reject(reason: unknown): void;
}

/** The requests of one call. What the handler does not ask for stays with the caller. */
export class RequestReader implements AsyncIterable<unknown> {
  readonly #startRead: () => void;
  #waiting: Waiting | undefined;
  #end: { readonly reason: unknown } | "complete" | undefined;

  constructor(startRead: () => void) {
    this.#startRead = startRead;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    const requests = this.#iterate();
    return {
      next() {
        const read = requests.next();
        // A handler that asks and goes on without the answer must not end the process.
        read.catch(() => {});
        return read;
      },
      return: () => requests.return(undefined),
    };
  }

  async *#iterate(): AsyncGenerator<unknown, undefined> {
    for (;;) {
      const { done, value } = await this.read();
      if (done === true) {
        return undefined;
      }
      yield value;
    }
  }

  /** The next one. To be called again when it is there: a generator sees to that. */
  read(): Promise<Read> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#end === undefined) {
        this.#startRead();
      } else {
        this.#settle();
      }
    });
  }

  push(value: unknown): void {
    this.#waiting?.resolve({ done: false, value });
  }

  complete(): void {
    this.#end ??= "complete";
    this.#settle();
  }

  /** Makes the iteration throw, unless it has ended. */
  fail(reason: unknown): void {
    this.#end ??= { reason };
    this.#settle();
  }

  #settle(): void {
    if (this.#end === "complete") {
      this.#waiting?.resolve({ done: true, value: undefined });
    } else {
      this.#waiting?.reject(this.#end?.reason);
    }
  }
}
