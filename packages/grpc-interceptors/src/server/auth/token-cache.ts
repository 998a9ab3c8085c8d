import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { AuthReason } from "./auth-error.ts";
import type { VerifiedCaller } from "./verified-caller.ts";

export interface TokenCacheOptions {
  readonly maxTokens: number;
  readonly ttlMs: number;
  readonly refusalTtlMs: number;
}

/** What is known of tokens that were verified before, good ones and bad. */
export interface TokenCache {
  /** The caller; why it is refused; or undefined if the token is not known. */
  get(digest: string): VerifiedCaller | AuthReason | undefined;
  /**
   * Begins a verification, whose outcome is kept unless the cache is cleared meanwhile: it was found out
   * by keys that may not count any more.
   */
  begin(): Verification;
  clear(): void;
}

export interface Verification {
  accept(digest: string, caller: VerifiedCaller): void;
  refuse(digest: string, reason: AuthReason): void;
}

const maxRefusals = 1_000;

/**
 * What a token is remembered by. It costs some microsecond more than the token itself would, but the
 * memory then holds no token that could be stolen, and each key is 43 characters and not thousands.
 */
export function toDigest(token: string): string {
  return hash("sha256", token, "base64url");
}

export function createTokenCache({
  maxTokens,
  ttlMs,
  refusalTtlMs,
}: TokenCacheOptions): TokenCache {
  const accepted = new LRUCache<string, VerifiedCaller>({ max: maxTokens, ttl: ttlMs });
  // Apart from the good ones, so that a flood of bad ones does not push those out.
  const refused = new LRUCache<string, AuthReason>({
    max: Math.min(maxTokens, maxRefusals),
    ttl: refusalTtlMs,
  });
  let clears = 0;
  return {
    get(digest) {
      const caller = accepted.get(digest);
      if (caller === undefined) {
        return refused.get(digest);
      }
      return Date.now() < (caller.acceptedUntilMs ?? caller.expiresAtMs) ? caller : "TOKEN_EXPIRED";
    },
    begin() {
      const begun = clears;
      return {
        accept(digest, caller) {
          if (clears === begun) {
            accepted.set(digest, caller);
          }
        },
        refuse(digest, reason) {
          if (clears === begun) {
            refused.set(digest, reason);
          }
        },
      };
    },
    clear() {
      clears += 1;
      accepted.clear();
      refused.clear();
    },
  };
}
