import type { KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { type Algorithm, isAlgorithm, isSymmetric } from "./verification-key.ts";

export interface JwtVerifierOptions {
  /** The `iss` that tokens must have, or several. */
  readonly issuer: string | readonly string[];
  /** The `aud` that tokens must have, or several of which one is enough: this service's own names. */
  readonly audience: string | readonly string[];
  /** Where the issuer's keys are. This or one of the next three must be given. Default: none. */
  readonly jwksUrl?: string | URL;
  /** The path of a file with the issuer's keys, a JWKS. Default: none. */
  readonly jwksFile?: string;
  /** The issuer's only key: RSA with 2048 bits or more, P-256, P-384, P-521 or Ed25519. Default: none. */
  readonly publicKey?: string | JWK | KeyObject;
  /** What the issuer and this service share; of a string, its UTF-8. Default: none. */
  readonly secret?: string | Uint8Array;
  /**
   * What tokens may be signed with. Default: RS256, PS256, ES256 and EdDSA, as far as `publicKey` fits;
   * HS256 with a `secret`.
   */
  readonly algorithms?: readonly Algorithm[];
  /** How far the issuer's clock may be from ours; at most a minute. Default: 5_000. */
  readonly clockToleranceMs?: number;
  /** How long from `iat` a token may live; it must then have one. Default: any time. */
  readonly maxTokenAgeMs?: number;
  /** The `typ` that tokens must have: "at+jwt". Default: any or none. */
  readonly type?: string;
  /** What else tokens must say. `iss`, `aud`, `sub` and `exp` they must in any case. Default: none. */
  readonly requiredClaims?: readonly string[];
  /** How long a token may be. Default: 8_192. */
  readonly maxTokenBytes?: number;
  /** How long keys are used before they are read again. Default: 600_000; of a file, 10_000. */
  readonly jwksMaxAgeMs?: number;
  /** How long tokens with unknown keys make nobody read the keys again. Default: 30_000. */
  readonly jwksCooldownMs?: number;
  /** How long keys are used that cannot be read again. Default: 86_400_000, a day. */
  readonly jwksMaxStaleMs?: number;
  /** How long one try to read the keys may take. Default: 5_000. */
  readonly jwksTimeoutMs?: number;
  /** The certificates, in PEM, that `jwksUrl` is trusted by. Default: those of Node.js. */
  readonly jwksCa?: string;
  /** Whether `jwksUrl` may be http: to this very machine. Default: false. */
  readonly allowInsecureLoopback?: boolean;
  /** Told when keys cannot be read, or one is too weak to use. Default: writes a line on stderr. */
  readonly onKeysError?: (error: Error) => void;
  /** How many tokens are remembered. Default: 10_000. */
  readonly maxCachedTokens?: number;
  /** How long a good token is remembered; never past its expiry. Default: 60_000. */
  readonly cacheTtlMs?: number;
  /** How long a bad token is remembered. Default: 5_000. */
  readonly refusalTtlMs?: number;
}

const asymmetric: readonly Algorithm[] = ["RS256", "PS256", "ES256", "EdDSA"];
const keySources = ["jwksUrl", "jwksFile", "publicKey", "secret"] as const;
const day = 86_400_000;

const ranges = {
  clockToleranceMs: [0, 60_000],
  maxTokenAgeMs: [1, Number.MAX_SAFE_INTEGER],
  maxTokenBytes: [1, 65_536],
  jwksMaxAgeMs: [1, day],
  jwksCooldownMs: [1, day],
  jwksMaxStaleMs: [1, Number.MAX_SAFE_INTEGER],
  jwksTimeoutMs: [1, 60_000],
  maxCachedTokens: [1, 10_000_000],
  cacheTtlMs: [1, day],
  refusalTtlMs: [1, day],
} as const;

/** Throws a RangeError, or TypeError, for options that contradict each other or are no values. */
export function checkJwtOptions(options: JwtVerifierOptions): void {
  checkNames("issuer", options.issuer);
  checkNames("audience", options.audience);
  const sources = keySources.filter((source) => options[source] !== undefined);
  if (sources.length !== 1) {
    throw new TypeError(
      `exactly one of ${keySources.join(", ")} must be given, got ${sources.join(" and ") || "none"}`,
    );
  }
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
      throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
    }
  }
  if (options.type !== undefined) {
    checkNames("type", options.type);
  }
  for (const claim of options.requiredClaims ?? []) {
    checkNames("requiredClaims", claim);
  }
}

/** The algorithms to allow. They are never of both sorts, lest a public key be used as a secret. */
export function toAlgorithms({ algorithms, secret }: JwtVerifierOptions): readonly Algorithm[] {
  if (algorithms === undefined) {
    return secret === undefined ? asymmetric : ["HS256"];
  }
  if (algorithms.length === 0) {
    throw new RangeError("algorithms must not be empty");
  }
  for (const algorithm of algorithms) {
    if (!isAlgorithm(algorithm)) {
      throw new RangeError(`algorithms must be names of JWS, as in RS256, got ${algorithm}`);
    }
    if (isSymmetric(algorithm) !== (secret !== undefined)) {
      const need = isSymmetric(algorithm) ? "need a secret" : "need a public key";
      throw new RangeError(`algorithms that ${need} were given without one: ${algorithm}`);
    }
  }
  return algorithms;
}

function checkNames(option: string, value: unknown): void {
  const names = Array.isArray(value) ? value : [value];
  if (names.length === 0 || names.some((name) => typeof name !== "string" || name === "")) {
    throw new TypeError(`${option} must be a string with something in it, got ${String(value)}`);
  }
}
