import type { RepositoryCall } from "./item-repository.ts";

/** What a caller sends with a request so that it can send it again. */
export interface IdempotencyKey {
  /** Who sends it. The keys of different callers are different. */
  readonly caller: string;
  /** What the caller chose. */
  readonly key: string;
}

/** Tells a request that comes again from a new one. */
export interface IdempotentRequest extends IdempotencyKey {
  /** A digest of what is asked for: the same for the same method and payload only. */
  readonly fingerprint: string;
}

/** A call that may come again. */
export interface KeyedCall extends RepositoryCall {
  /** Default: the request is always new. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
}

/** How long answers to requests with a key are kept, at the least. */
export const IDEMPOTENCY_TTL_MS: number = 24 * 60 * 60 * 1_000;
