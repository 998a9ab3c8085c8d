import { hash, timingSafeEqual } from "node:crypto";
import { unauthenticated } from "./auth-error.ts";
import type { CallVerifier, VerifiedCaller } from "./verified-caller.ts";

/** A key that a caller may have. It reads "<id>.<secret>", the secret being random and long. */
export interface ApiKey {
  /** What the key is found by; no secret. */
  readonly id: string;
  /** The SHA-256 of the whole key, in hex: `printf %s "$key" | sha256sum`. */
  readonly sha256: string;
  /** Whose key it is. */
  readonly subject: string;
  /** What its owner may do. Default: none. */
  readonly scopes?: readonly string[];
  /** When it expires, in epoch milliseconds. Default: never. */
  readonly expiresAtMs?: number;
}

export interface ApiKeyVerifierOptions {
  readonly keys: readonly ApiKey[];
  /** Where calls have their key. Default: "x-api-key". */
  readonly header?: string;
}

interface KnownKey {
  readonly digest: Buffer;
  readonly caller: VerifiedCaller;
}

/**
 * Makes a verifier of API keys that knows only their digests. It takes the key out of the call's
 * metadata, so that no handler sees it. Throws a RangeError or TypeError for options that are none.
 */
export function createApiKeyVerifier(options: ApiKeyVerifierOptions): CallVerifier {
  const { keys, header = "x-api-key" } = options;
  if (!/^[a-z0-9_.-]+$/.test(header) || header.endsWith("-bin") || header === "authorization") {
    throw new RangeError(`header must be a key of metadata like "x-api-key", got ${header}`);
  }
  const known = toKnownKeys(keys);
  return {
    verifyCall({ metadata }) {
      const values = metadata.get(header);
      if (values.length === 0) {
        return undefined;
      }
      metadata.remove(header);
      const key = values.length === 1 ? String(values[0]) : "";
      const found = find(known, key);
      if (found === undefined) {
        throw unauthenticated("TOKEN_INVALID", new Error("there is no such API key"));
      }
      if (Date.now() >= found.expiresAtMs) {
        throw unauthenticated("TOKEN_EXPIRED", new Error("the API key has expired"));
      }
      return found;
    },
  };
}

// A key that nobody has: to look for an unknown id takes as long as to compare a known one.
const nobody = Buffer.alloc(32);

function find(known: ReadonlyMap<string, KnownKey>, key: string): VerifiedCaller | undefined {
  const { digest, caller } = known.get(key.slice(0, key.indexOf("."))) ?? {};
  const isRight = timingSafeEqual(hash("sha256", key, "buffer"), digest ?? nobody);
  return isRight ? caller : undefined;
}

function toKnownKeys(keys: readonly ApiKey[]): ReadonlyMap<string, KnownKey> {
  const known = new Map<string, KnownKey>();
  for (const { id, sha256, subject, scopes = [], expiresAtMs = Number.POSITIVE_INFINITY } of keys) {
    if (!/^[\w-]+$/.test(id) || known.has(id)) {
      throw new RangeError(`keys must have ids of A-Z a-z 0-9 _ -, each its own, got ${id}`);
    }
    if (!/^[0-9a-f]{64}$/i.test(sha256)) {
      throw new RangeError(`keys must have a sha256 of 64 hex digits, ${id} has none`);
    }
    if (typeof subject !== "string" || subject === "" || Number.isNaN(expiresAtMs)) {
      throw new TypeError(`keys must have a subject, and expiresAtMs must be a time; see ${id}`);
    }
    const claims = Object.freeze({ sub: subject, keyId: id });
    const identity = Object.freeze({ subject, scopes: Object.freeze([...scopes]), claims });
    known.set(id, { digest: Buffer.from(sha256, "hex"), caller: { identity, expiresAtMs } });
  }
  if (known.size === 0) {
    throw new RangeError("keys must not be empty: nobody could call");
  }
  return known;
}
