import { createHmac, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { readErrorDetails } from "@grpc-kit/grpc-status";
import type { Outcome } from "@grpc-kit/testing";
import { type JWK, SignJWT } from "jose";

export const issuer = "https://issuer.test";
export const audience = "items";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const rsa: KeyPair = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const ec: KeyPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const ed: KeyPair = generateKeyPairSync("ed25519");

export function pemOf(key: KeyObject): string {
  return String(key.export({ type: "spki", format: "pem" }));
}

/** A member of a JWKS. */
export function jwkOf({ publicKey }: KeyPair, kid: string): JWK {
  return { ...publicKey.export({ format: "jwk" }), kid, use: "sig" };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

export type Claims = Readonly<Record<string, unknown>>;

/** Claims that a verifier of `issuer` and `audience` accepts, but for these. */
export function claims(others: Claims = {}): Claims {
  const now = nowSeconds();
  return { iss: issuer, aud: audience, sub: "ada", iat: now, exp: now + 600, ...others };
}

export interface SignOptions {
  readonly key?: KeyObject | Uint8Array;
  readonly header?: Claims;
}

/** A token as jose signs it: RS256 with `rsa`, unless told otherwise. */
export async function sign(
  payload: Claims = claims(),
  { key = rsa.privateKey, header = {} }: SignOptions = {},
): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "RS256", ...header }).sign(key);
}

export function encode(part: unknown): string {
  const bytes = typeof part === "string" ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString("base64url");
}

/** A token that jose would not make: any header, any payload, the signature of RS256 or an HMAC. */
export function forge(header: unknown, payload: unknown, secret?: string | Buffer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature =
    secret === undefined
      ? createSign("sha256").update(input).sign(rsa.privateKey, "base64url")
      : createHmac("sha256", secret).update(input).digest("base64url");
  return `${input}.${signature}`;
}

export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** The reason in the ErrorInfo that a call ended with. */
export function reasonIn({ trailers }: Outcome): string | undefined {
  return readErrorDetails(trailers).errorInfo?.reason;
}
