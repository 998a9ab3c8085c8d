import { AsyncLocalStorage } from "node:async_hooks";
import { Metadata, status } from "@grpc/grpc-js";
import { errorToStatus, StatusError } from "@grpc-kit/grpc-status";

/** What proves who this client is, for a while. */
export interface BearerToken {
  readonly token: string;
  /** Epoch milliseconds. Left out: it is good until a server refuses it. */
  readonly expiresAt?: number;
}

export interface BearerTokenCacheOptions {
  getToken(signal: AbortSignal): BearerToken | Promise<BearerToken>;
  readonly refreshBeforeMs: number;
  readonly timeoutMs: number;
  onError(error: unknown): void;
}

export interface BearerTokenCache {
  /** What goes with a call; a promise while there is no token. It rejects with a StatusError. */
  headers(): Metadata | Promise<Metadata>;
  /** Which token a call has that is made now: the first is 1, the second 2. */
  number(): number;
  /** Forgets this token, if it is still the one that calls are given. */
  drop(number: number): void;
}

interface CachedToken {
  readonly headers: Metadata;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

// While the last token is still good, one that fails to come is not asked for with every call.
const retryAfterMs = 1_000;

// No header has line ends, and a token no blanks: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
const visibleAscii = /^[\x21-\x7e]+$/;

/** Holds one token for all calls, and asks for the next one once, however many calls want it. */
export function createBearerTokenCache(options: BearerTokenCacheOptions): BearerTokenCache {
  // One call's deadline, identity and trace are not those of the other calls that wait with it.
  const outsideOfCalls = AsyncLocalStorage.snapshot();
  let cached: CachedToken | undefined;
  let fetching: Promise<Metadata> | undefined;
  let fetched = 0;
  let retryAt = 0;

  async function fetchToken(): Promise<Metadata> {
    try {
      cached = await outsideOfCalls(readToken, options);
      fetched += 1;
      return cached.headers;
    } catch (error) {
      retryAt = Date.now() + retryAfterMs;
      options.onError(error);
      throw toRefusal(error);
    } finally {
      fetching = undefined;
    }
  }
  const fetchOnce = (): Promise<Metadata> => {
    fetching ??= fetchToken();
    return fetching;
  };
  const isGood = (token: CachedToken | undefined): token is CachedToken =>
    token !== undefined && Date.now() < token.expiresAt;

  return {
    headers() {
      if (!isGood(cached)) {
        return fetchOnce();
      }
      const now = Date.now();
      if (now >= cached.refreshAt && now >= retryAt) {
        // The calls go on with what there is; `onError` has the error.
        fetchOnce().catch(() => {});
      }
      return cached.headers;
    },
    number: () => (isGood(cached) ? fetched : fetched + 1),
    drop(number) {
      if (number === fetched) {
        cached = undefined;
      }
    },
  };
}

async function readToken(options: BearerTokenCacheOptions): Promise<CachedToken> {
  const { token, expiresAt = Number.POSITIVE_INFINITY } = await withTimeout(options);
  // What it says is not shown: it may be a token all the same.
  if (typeof token !== "string" || !visibleAscii.test(token)) {
    throw new TypeError("getToken must give a token of visible ASCII characters");
  }
  if (typeof expiresAt !== "number" || Number.isNaN(expiresAt)) {
    throw new TypeError("getToken must give expiresAt in epoch milliseconds");
  }
  const headers = new Metadata();
  headers.set("authorization", `Bearer ${token}`);
  // One that lives shorter than that would be asked for with every call.
  const refreshBeforeMs = Math.min(options.refreshBeforeMs, (expiresAt - Date.now()) / 2);
  return { headers, expiresAt, refreshAt: expiresAt - refreshBeforeMs };
}

async function withTimeout(options: BearerTokenCacheOptions): Promise<BearerToken> {
  const { getToken, timeoutMs } = options;
  const [controller, late] = [new AbortController(), Promise.withResolvers<never>()];
  const timer = setTimeout(() => {
    const error = new Error(`getToken took longer than ${timeoutMs} ms`);
    controller.abort(error);
    late.reject(error);
  }, timeoutMs);
  try {
    return await Promise.race([getToken(controller.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

// Nothing of what failed is in it: the text of such an error may have a secret.
function toRefusal(error: unknown): StatusError {
  return errorToStatus(error).code === status.UNAUTHENTICATED
    ? new StatusError(status.UNAUTHENTICATED, "no bearer token is given to this client")
    : new StatusError(status.UNAVAILABLE, "there is no bearer token at the moment");
}
