import { LRUCache } from "lru-cache";

/** What a store answers. */
export interface RateLimitVerdict {
  readonly allowed: boolean;
  /** Milliseconds until the same would be allowed; Infinity: it never will. */
  readonly retryAfterMs: number;
}

/** Where it is kept what each key has left: in this process, or somewhere that many share. */
export interface RateLimitStore {
  /** Takes `cost` tokens of the key, or none at all. */
  take(key: string, cost: number): RateLimitVerdict | PromiseLike<RateLimitVerdict>;
}

export interface TokenBucketOptions {
  /** How many tokens a key gets back each second. */
  readonly ratePerSecond: number;
  /** How many tokens a key has at most, and at first. Default: `ratePerSecond`, but at least 1. */
  readonly burst?: number;
  /** How many keys are known at once; the one unused longest is forgotten. Default: 10_000. */
  readonly maxKeys?: number;
  /** Milliseconds on a clock that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
}

export interface TokenBuckets extends RateLimitStore {
  take(key: string, cost: number): RateLimitVerdict;
  /** How many keys are known. */
  readonly size: number;
}

const allowed: RateLimitVerdict = { allowed: true, retryAfterMs: 0 };

/**
 * A bucket of tokens for each key, in this process. A key that was forgotten has a full one again, so
 * `maxKeys` should be well above the number of keys that call within the time that a bucket takes to
 * fill.
 */
export function tokenBuckets({
  ratePerSecond,
  burst = Math.max(1, ratePerSecond),
  maxKeys = 10_000,
  now = () => performance.now(),
}: TokenBucketOptions): TokenBuckets {
  if (!(Number.isFinite(ratePerSecond) && ratePerSecond > 0)) {
    throw new RangeError(`ratePerSecond must be a number above 0, got ${ratePerSecond}`);
  }
  if (!(Number.isFinite(burst) && burst >= 1)) {
    throw new RangeError(`burst must be a number from 1, got ${burst}`);
  }
  if (!(Number.isInteger(maxKeys) && maxKeys > 0)) {
    throw new RangeError(`maxKeys must be a positive integer, got ${maxKeys}`);
  }
  // The generic cell rate algorithm keeps one number for a key: when its bucket will be full again.
  // https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
  const fullAt = new LRUCache<string, number>({ max: maxKeys });
  const msPerToken = 1_000 / ratePerSecond;
  // A sum of many times loses some of its digits, and would cost a burst its last token.
  const capacityMs = (burst + 0.001) * msPerToken;
  return {
    get size(): number {
      return fullAt.size;
    },
    take(key, cost) {
      const at = now();
      const next = Math.max(at, fullAt.get(key) ?? 0) + cost * msPerToken;
      if (next - at <= capacityMs) {
        fullAt.set(key, next);
        return allowed;
      }
      const retryAfterMs = cost > burst ? Number.POSITIVE_INFINITY : next - at - burst * msPerToken;
      return { allowed: false, retryAfterMs };
    },
  };
}
