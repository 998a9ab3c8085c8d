import { KeyObject } from "node:crypto";
import { errors, type JWTVerifyGetKey } from "jose";
import { reportToStderr } from "../../report.ts";
import { type JwtVerifierOptions, toAlgorithms } from "./jwt-options.ts";
import { jwksFromFile, jwksFromUrl, type KeySource } from "./key-source.ts";
import { RefreshingKeySet } from "./refreshing-key-set.ts";
import { type Algorithm, fitsKey, toPublicKey, toSecret } from "./verification-key.ts";

/** What tokens are verified with. */
export interface JwtKeys {
  readonly algorithms: readonly Algorithm[];
  readonly find: JWTVerifyGetKey;
  warmUp(): Promise<void>;
  close(): void;
}

/** The keys that options name. `onChange` is told when they have become others. */
export function toJwtKeys(options: JwtVerifierOptions, onChange: () => void): JwtKeys {
  const algorithms = toAlgorithms(options);
  const source = toSource(options);
  if (source !== undefined) {
    const keySet = new RefreshingKeySet({
      source,
      maxAgeMs: options.jwksMaxAgeMs ?? (options.jwksFile === undefined ? 600_000 : 10_000),
      cooldownMs: options.jwksCooldownMs ?? 30_000,
      maxStaleMs: options.jwksMaxStaleMs ?? 86_400_000,
      onChange,
      onError: options.onKeysError ?? ((error) => reportToStderr("JWKS", error)),
    });
    return {
      algorithms,
      find: keySet.find,
      warmUp: () => keySet.warmUp(),
      close: () => keySet.close(),
    };
  }
  const { publicKey, secret } = options;
  if (publicKey !== undefined) {
    return toSingleKey(publicKey, algorithms, options.algorithms !== undefined);
  }
  const key = toSecret(secret as NonNullable<typeof secret>, algorithms);
  return { algorithms, find: async () => key, ...unchanging };
}

const unchanging = { warmUp: async (): Promise<void> => {}, close: (): void => {} };

function toSource(options: JwtVerifierOptions): KeySource | undefined {
  const { jwksUrl, jwksFile, jwksTimeoutMs = 5_000, jwksCa: ca } = options;
  const { allowInsecureLoopback = false } = options;
  if (jwksUrl !== undefined) {
    return jwksFromUrl(jwksUrl, { timeoutMs: jwksTimeoutMs, ca, allowInsecureLoopback });
  }
  return jwksFile === undefined ? undefined : jwksFromFile(jwksFile);
}

function toSingleKey(
  publicKey: NonNullable<JwtVerifierOptions["publicKey"]>,
  wanted: readonly Algorithm[],
  isChosen: boolean,
): JwtKeys {
  const key = toPublicKey(publicKey);
  const isJwk = typeof publicKey === "object" && !(publicKey instanceof KeyObject);
  const { kid, alg } = isJwk ? publicKey : {};
  const fits = (algorithm: Algorithm): boolean =>
    fitsKey(algorithm, key) && (alg === undefined || alg === algorithm);
  const algorithms = wanted.filter(fits);
  // Of the default ones, those of other keys do no harm. One that was chosen is a mistake.
  if (algorithms.length === 0 || (isChosen && algorithms.length < wanted.length)) {
    const kind = alg ?? key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
    throw new RangeError(`algorithms must fit publicKey, which is for ${kind}, got ${wanted}`);
  }
  return {
    algorithms,
    async find(header) {
      if (kid !== undefined && header.kid !== undefined && header.kid !== kid) {
        throw new errors.JWKSNoMatchingKey();
      }
      return key;
    },
    ...unchanging,
  };
}
