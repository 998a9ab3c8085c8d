import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from "jose";
import { toPublicKey } from "./verification-key.ts";

/** The keys of a JWKS that are fit to verify signatures. */
export interface KeySet {
  readonly size: number;
  readonly find: JWTVerifyGetKey;
  /** What is wrong with keys that were left out, in words. */
  readonly problems: readonly string[];
}

/** Throws a TypeError for what is no JWKS. A key that is weak or not public is left out. */
export function toKeySet(text: string): KeySet {
  const keys: JWK[] = [];
  const problems: string[] = [];
  for (const [index, key] of keysOf(text).entries()) {
    // Sets have keys for other uses, too.
    if (key.use !== undefined && key.use !== "sig") {
      continue;
    }
    try {
      toPublicKey(key);
      keys.push(key);
    } catch (error) {
      problems.push(`key ${index} of the JWKS is left out: ${(error as Error).message}`);
    }
  }
  return { size: keys.length, find: createLocalJWKSet({ keys }), problems };
}

function keysOf(text: string): JWK[] {
  const { keys } = (parse(text) ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === "object" && key !== null)) {
    throw new TypeError("what was read is no JWKS: it has no array of keys");
  }
  return keys;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error would quote what it read.
    throw new TypeError("what was read is no JWKS: it is not JSON");
  }
}
