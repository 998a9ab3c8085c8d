import { errors, type JWTVerifyGetKey } from "jose";
import { reportToStderr } from "../../report.ts";
import { keysUnavailable } from "./auth-error.ts";
import { type KeySet, toKeySet } from "./key-set.ts";
import type { KeySource } from "./key-source.ts";

export interface RefreshingKeySetOptions {
  readonly source: KeySource;
  /** How long after a success keys are read again. */
  readonly maxAgeMs: number;
  /** For how long a key that is not known makes nobody read again; also the longest step of backoff. */
  readonly cooldownMs: number;
  /** How long keys are used that could not be read again. */
  readonly maxStaleMs: number;
  /** Told when keys that were read are others than before. */
  readonly onChange: () => void;
  /** Told when keys could not be read or used. */
  readonly onError: (error: Error) => void;
}

const firstBackoffMs = 1_000;

/**
 * Keys that are kept elsewhere. Once asked for, they are read again by a timer, so that no call waits
 * for them; while they cannot be read, those that are known stay in use.
 */
export class RefreshingKeySet {
  readonly #options: RefreshingKeySetOptions;
  readonly #closing = new AbortController();
  #keys: KeySet | undefined;
  #text: string | undefined;
  #readAt = 0;
  #failures = 0;
  #error: unknown;
  #coolAt = 0;
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RefreshingKeySetOptions) {
    this.#options = options;
  }

  /** The key for a token. jose's, and for keys that cannot be told, an error for UNAVAILABLE. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#current === undefined) {
      await this.#readAgain();
    }
    const keys = this.#currentOrThrow();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) {
        throw error;
      }
    }
    await this.#readAgain();
    return this.#findOnceMore(header, token);
  };

  /** Reads the keys, if they have not been read. Rejects if they cannot be, or none can be used. */
  async warmUp(): Promise<void> {
    if (this.#current === undefined) {
      await this.#readAgain();
    }
    const { size, problems } = this.#currentOrThrow();
    if (size === 0) {
      // Nobody could be let in.
      const why = ["the JWKS has no key to verify signatures with", ...problems].join("; ");
      throw keysUnavailable(new Error(why));
    }
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  readonly #findOnceMore: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.#currentOrThrow().find(header, token);
    } catch (error) {
      // The issuer may have a key by now that it cannot tell us.
      const isUntold = error instanceof errors.JWKSNoMatchingKey && this.#failures > 0;
      throw isUntold ? keysUnavailable(this.#error) : error;
    }
  };

  get #current(): KeySet | undefined {
    return performance.now() - this.#readAt < this.#options.maxStaleMs ? this.#keys : undefined;
  }

  #currentOrThrow(): KeySet {
    const keys = this.#current;
    if (keys === undefined) {
      throw keysUnavailable(this.#error);
    }
    return keys;
  }

  async #readAgain(): Promise<void> {
    if (performance.now() >= this.#coolAt) {
      await this.#read();
    }
  }

  /** Whoever comes while keys are being read waits for the same. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    if (this.#closing.signal.aborted) {
      return;
    }
    clearTimeout(this.#timer);
    const { source, cooldownMs, maxAgeMs } = this.#options;
    try {
      this.#take(await source(this.#closing.signal));
      this.#failures = 0;
      this.#readAt = performance.now();
      this.#schedule(cooldownMs, maxAgeMs);
    } catch (error) {
      this.#error = error;
      this.#failures += 1;
      const backoffMs = Math.min(firstBackoffMs * 2 ** (this.#failures - 1), cooldownMs);
      this.#schedule(backoffMs, backoffMs);
      this.#report(error as Error);
    }
  }

  #take(text: string): void {
    if (text === this.#text) {
      return;
    }
    const keys = toKeySet(text);
    this.#keys = keys;
    this.#text = text;
    this.#options.onChange();
    for (const problem of keys.problems) {
      this.#report(new Error(problem));
    }
  }

  #schedule(coolMs: number, againMs: number): void {
    this.#coolAt = performance.now() + coolMs;
    if (!this.#closing.signal.aborted) {
      this.#timer = setTimeout(() => void this.#read(), againMs);
      this.#timer.unref();
    }
  }

  #report(error: Error): void {
    if (this.#closing.signal.aborted) {
      return;
    }
    try {
      this.#options.onError(error);
    } catch (thrown) {
      reportToStderr("onKeysError has thrown", thrown);
    }
  }
}
