import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { identityKey } from "@grpc-kit/grpc-context";
import { RateLimitError, StatusError } from "@grpc-kit/grpc-status";
import { reportToStderr } from "../report.ts";
import type { CallHook, InterceptedCall } from "./call-hook.ts";
import { serverInterceptor } from "./server-interceptor.ts";
import {
  type RateLimitStore,
  type RateLimitVerdict,
  type TokenBucketOptions,
  tokenBuckets,
} from "./token-bucket.ts";

export interface RateLimitOptions {
  /**
   * Whose calls are counted together. "identity": those of one subject, or of one address where there is
   * no identity; "peer": those of one address; or what the function says, undefined being no limit.
   * Default: "identity".
   */
  readonly key?: "identity" | "peer" | ((call: InterceptedCall) => string | undefined);
  /** Calls a second that each key may make in the long run. Required unless there is a `store`. */
  readonly ratePerSecond?: number;
  /** Calls that a key may make at once after a pause. Default: `ratePerSecond`, but at least 1. */
  readonly burst?: number;
  /** How many keys are known at once; the one unused longest is forgotten. Default: 10_000. */
  readonly maxKeys?: number;
  /** Counts instead of this process; has the rate and the burst, too. Default: `tokenBuckets`. */
  readonly store?: RateLimitStore;
  /** Whether calls go on, or are refused with UNAVAILABLE, while the store fails. Default: "open". */
  readonly onStoreError?: "open" | "closed";
  /** How long the store may take, after which it has failed. Default: 500. */
  readonly storeTimeoutMs?: number;
  /** Takes each failure of the store. Default: writes the first of a row to stderr. */
  readonly onStoreFailure?: (error: unknown) => void;
  /** Whether a message on a stream of requests costs as much as a call. Default: false. */
  readonly perMessage?: boolean;
  /** Told of each call that is refused or ended. Default: nobody is. */
  readonly onLimited?: (call: InterceptedCall, key: string) => void;
}

/**
 * Refuses calls of those who make too many: RESOURCE_EXHAUSTED, with the time after which to try again.
 *
 * Every call costs one token when its headers come, whatever its kind. With `perMessage` each message but
 * the first of a client or bidi stream costs another, and the stream ends when there is none.
 */
export function rateLimit(options: RateLimitOptions): ServerInterceptor {
  const limiter = new RateLimiter(options);
  const { perMessage = false } = options;
  const isMetered = ({ kind }: InterceptedCall["method"]): boolean =>
    perMessage && (kind === "client_stream" || kind === "bidi_stream");
  return serverInterceptor((call) => {
    const key = limiter.keyOf(call);
    if (key === undefined) {
      return undefined;
    }
    const refusal = limiter.take(call, key);
    const hook = isMetered(call.method) ? new MeteredStream(limiter, call, key) : undefined;
    if (refusal instanceof Promise) {
      return admitLater(refusal, hook);
    }
    if (refusal !== undefined) {
      throw refusal;
    }
    return hook;
  });
}

async function admitLater(
  refusal: Promise<Error | undefined>,
  hook: CallHook | undefined,
): Promise<CallHook | undefined> {
  const refused = await refusal;
  if (refused !== undefined) {
    throw refused;
  }
  return hook;
}

class MeteredStream implements CallHook {
  readonly #limiter: RateLimiter;
  readonly #call: InterceptedCall;
  readonly #key: string;
  #hasStarted = false;

  constructor(limiter: RateLimiter, call: InterceptedCall, key: string) {
    this.#limiter = limiter;
    this.#call = call;
    this.#key = key;
  }

  onMessage(): void {
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      return;
    }
    const refusal = this.#limiter.take(this.#call, this.#key);
    if (refusal instanceof Promise) {
      void this.#endUnlessAllowed(refusal);
    } else if (refusal !== undefined) {
      throw refusal;
    }
  }

  async #endUnlessAllowed(refusal: Promise<Error | undefined>): Promise<void> {
    const refused = await refusal.catch((error: unknown) => error);
    if (refused !== undefined) {
      this.#call.fail(refused);
    }
  }
}

/** Asks the store, and makes of its answers what a call is refused with. */
class RateLimiter {
  readonly keyOf: (call: InterceptedCall) => string | undefined;
  readonly #store: RateLimitStore;
  readonly #isOpen: boolean;
  readonly #timeoutMs: number;
  readonly #onStoreFailure: ((error: unknown) => void) | undefined;
  readonly #onLimited: ((call: InterceptedCall, key: string) => void) | undefined;
  readonly #violations: readonly [{ readonly subject: string; readonly description: string }];
  #isFailing = false;

  constructor(options: RateLimitOptions) {
    const { key = "identity", onStoreError = "open", storeTimeoutMs = 500 } = options;
    const { ratePerSecond, burst, store } = options;
    checkOptions(options);
    this.keyOf = typeof key === "function" ? key : key === "peer" ? addressOf : identityOf;
    this.#store = store ?? tokenBuckets(options as TokenBucketOptions);
    this.#isOpen = onStoreError === "open";
    this.#timeoutMs = storeTimeoutMs;
    this.#onStoreFailure = options.onStoreFailure;
    this.#onLimited = options.onLimited;
    const description =
      store === undefined
        ? `${ratePerSecond} calls per second, ${burst ?? Math.max(1, ratePerSecond ?? 0)} at once`
        : "calls in some time";
    // The key itself may be a secret, or an address of this network.
    this.#violations = [{ subject: typeof key === "function" ? "key" : key, description }];
  }

  /** What to refuse with, undefined being nothing; a promise only if the store makes one. */
  take(call: InterceptedCall, key: string): Error | undefined | Promise<Error | undefined> {
    let verdict: RateLimitVerdict | PromiseLike<RateLimitVerdict>;
    try {
      verdict = this.#store.take(key, 1);
    } catch (error) {
      return this.#failed(error);
    }
    return "then" in verdict
      ? this.#takeLater(call, key, verdict)
      : this.#refusalOf(call, key, verdict);
  }

  async #takeLater(
    call: InterceptedCall,
    key: string,
    taking: PromiseLike<RateLimitVerdict>,
  ): Promise<Error | undefined> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`the store has not answered in ${this.#timeoutMs} ms`)),
      this.#timeoutMs,
    );
    let verdict: RateLimitVerdict;
    try {
      verdict = await Promise.race([taking, late]);
    } catch (error) {
      return this.#failed(error);
    } finally {
      clearTimeout(timer);
    }
    return this.#refusalOf(call, key, verdict);
  }

  #refusalOf(
    call: InterceptedCall,
    key: string,
    { allowed, retryAfterMs }: RateLimitVerdict,
  ): Error | undefined {
    this.#isFailing = false;
    if (allowed) {
      return undefined;
    }
    this.#onLimited?.(call, key);
    return new RateLimitError("too many calls; try again later", {
      reason: "RATE_LIMITED",
      violations: this.#violations,
      // A store may answer anything, and a delay that is none must not hide the refusal.
      retryAfterMs: retryAfterMs >= 0 ? retryAfterMs : 0,
    });
  }

  #failed(error: unknown): Error | undefined {
    if (this.#onStoreFailure !== undefined) {
      this.#onStoreFailure(error);
    } else if (!this.#isFailing) {
      reportToStderr("the store of a rate limit fails", error);
    }
    this.#isFailing = true;
    return this.#isOpen
      ? undefined
      : new StatusError(status.UNAVAILABLE, "the rate limit cannot be checked; try again later", {
          cause: error,
          errorDetails: { errorInfo: { reason: "RATE_LIMIT_UNAVAILABLE" } },
        });
  }
}

function identityOf(call: InterceptedCall): string {
  const identity = call.values.get(identityKey);
  return identity === undefined ? addressOf(call) : `identity:${identity.subject}`;
}

/** By address: a port is another for each connection. */
function addressOf({ peer }: InterceptedCall): string {
  const colon = peer.lastIndexOf(":");
  return `peer:${colon === -1 ? peer : peer.slice(0, colon)}`;
}

function checkOptions(options: RateLimitOptions): void {
  const { key = "identity", onStoreError = "open", storeTimeoutMs = 500, store } = options;
  if (!["identity", "peer"].includes(key as string) && typeof key !== "function") {
    throw new TypeError(`key must be "identity", "peer" or a function, got ${String(key)}`);
  }
  if (onStoreError !== "open" && onStoreError !== "closed") {
    throw new TypeError(`onStoreError must be "open" or "closed", got ${String(onStoreError)}`);
  }
  if (!(storeTimeoutMs > 0 && storeTimeoutMs < 2 ** 31)) {
    throw new RangeError(`storeTimeoutMs must be milliseconds above 0, got ${storeTimeoutMs}`);
  }
  for (const name of ["ratePerSecond", "burst", "maxKeys"] as const) {
    if (store !== undefined && options[name] !== undefined) {
      throw new TypeError(`${name} must not be given with a store, got ${options[name]}`);
    }
  }
}
