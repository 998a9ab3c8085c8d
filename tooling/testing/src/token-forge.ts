import { createHmac, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type Claims = Readonly<Record<string, unknown>>;

/** Makes tokens of an issuer with an RSA key, good ones and any others. */
export interface TokenForge {
  readonly issuer: string;
  readonly audience: string;
  readonly rsa: KeyPair;
  /** What is in a good token, but for these. It is good for ten minutes from now. */
  claims(others?: Claims): Claims;
  /** Any header over any payload, signed by RS256, or by an HMAC with the secret. */
  forge(header: unknown, payload: unknown, secret?: string | Buffer): string;
}

export interface TokenForgeOptions {
  readonly issuer: string;
  readonly audience: string;
  /** What all tokens have beside iss, aud, sub, iat and exp. */
  readonly claims?: Claims;
}

export function createTokenForge({ issuer, audience, claims = {} }: TokenForgeOptions): TokenForge {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    issuer,
    audience,
    rsa,
    claims(others = {}) {
      const now = nowSeconds();
      const times = { iat: now, exp: now + 600 };
      return { iss: issuer, aud: audience, sub: "ada", ...times, ...claims, ...others };
    },
    forge(header, payload, secret) {
      const input = `${encode(header)}.${encode(payload)}`;
      const signature =
        secret === undefined
          ? createSign("sha256").update(input).sign(rsa.privateKey, "base64url")
          : createHmac("sha256", secret).update(input).digest("base64url");
      return `${input}.${signature}`;
    },
  };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

/** A part of a token; text goes in as it is. */
export function encode(part: unknown): string {
  const bytes = typeof part === "string" ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString("base64url");
}

export function pemOf(key: KeyObject): string {
  return String(key.export({ type: "spki", format: "pem" }));
}
