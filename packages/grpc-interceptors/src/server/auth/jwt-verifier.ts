import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from "jose";
import { toRefusal, unauthenticated } from "./auth-error.ts";
import { toVerifiedCaller } from "./jwt-claims.ts";
import { toJwtKeys } from "./jwt-keys.ts";
import { checkJwtOptions, type JwtVerifierOptions } from "./jwt-options.ts";
import { createTokenCache, toDigest } from "./token-cache.ts";
import type { Algorithm } from "./verification-key.ts";
import type { TokenVerifier, VerifiedCaller } from "./verified-caller.ts";

/** Verifies the tokens of an issuer. */
export interface JwtVerifier extends TokenVerifier {
  /** Reads the issuer's keys, so that the first call need not wait. Rejects if they cannot be read. */
  warmUp(): Promise<void>;
  /** Stops reading keys. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

// Three parts of base64url, none of them empty: no JWE, no "alg": "none".
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Makes a verifier of JWTs that follows https://www.rfc-editor.org/rfc/rfc8725: algorithms are pinned,
 * and `iss`, `aud`, `sub` and `exp` must be there and right. A token that it knows it verifies
 * without a promise. Throws a RangeError or TypeError for options that are none, weak keys among them.
 */
export function createJwtVerifier(options: JwtVerifierOptions): JwtVerifier {
  checkJwtOptions(options);
  const { clockToleranceMs = 5_000, maxTokenBytes = 8_192 } = options;
  const { maxTokenAgeMs = Number.POSITIVE_INFINITY } = options;
  const { maxCachedTokens = 10_000, cacheTtlMs = 60_000, refusalTtlMs = 5_000 } = options;
  const cache = createTokenCache({ maxTokens: maxCachedTokens, ttlMs: cacheTtlMs, refusalTtlMs });
  const keys = toJwtKeys(options, () => cache.clear());
  const expected = toExpected(options, keys.algorithms, clockToleranceMs);

  function verifyAnew(token: string, digest: string): Promise<VerifiedCaller> {
    if (!compact.test(token) || !hasCanonicalEnd(token)) {
      throw unauthenticated("TOKEN_INVALID", new Error("the token is no compact JWS"));
    }
    return verifyCompact(token, digest);
  }

  async function verifyCompact(token: string, digest: string): Promise<VerifiedCaller> {
    const now = Date.now();
    let verification = cache.begin();
    // It may have to read the keys first, which clears the cache.
    const find: JWTVerifyGetKey = async (header, jws) => {
      const key = await keys.find(header, jws);
      verification = cache.begin();
      return key;
    };
    try {
      const { payload } = await jwtVerify(token, find, {
        ...expected,
        currentDate: new Date(now),
      });
      const caller = toVerifiedCaller(payload, { now, clockToleranceMs, maxTokenAgeMs });
      verification.accept(digest, caller);
      return caller;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) {
        verification.refuse(digest, "TOKEN_INVALID");
      } else if (error instanceof errors.JWTExpired) {
        verification.refuse(digest, "TOKEN_EXPIRED");
      }
      throw toRefusal(error);
    }
  }

  return {
    verify(token) {
      if (token.length > maxTokenBytes) {
        throw unauthenticated("TOKEN_INVALID", new Error("the token is too long"));
      }
      const digest = toDigest(token);
      const known = cache.get(digest);
      if (typeof known === "string") {
        throw unauthenticated(known, new Error("the token was refused before"));
      }
      return known ?? verifyAnew(token, digest);
    },
    warmUp: () => keys.warmUp(),
    close: () => keys.close(),
    async [Symbol.asyncDispose]() {
      keys.close();
    },
  };
}

/** Whether no other last character would say the same: one signature is to have one form. */
function hasCanonicalEnd(token: string): boolean {
  const signature = token.slice(token.lastIndexOf(".") + 1);
  const end = signature.slice(signature.length - (signature.length % 4));
  return Buffer.from(end, "base64url").toString("base64url") === end;
}

function toExpected(
  { issuer, audience, type, requiredClaims = [], maxTokenAgeMs }: JwtVerifierOptions,
  algorithms: readonly Algorithm[],
  clockToleranceMs: number,
): JWTVerifyOptions {
  return {
    issuer: [issuer].flat(),
    audience: [audience].flat(),
    algorithms: [...algorithms],
    requiredClaims: [...requiredClaims],
    clockTolerance: clockToleranceMs / 1_000,
    ...(type !== undefined && { typ: type }),
    ...(maxTokenAgeMs !== undefined && { maxTokenAge: maxTokenAgeMs / 1_000 }),
  };
}
