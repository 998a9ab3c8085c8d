import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { readErrorDetails } from "@grpc-kit/grpc-status";
import type { Outcome } from "@grpc-kit/testing";
import {
  type Claims,
  createTokenForge,
  type KeyPair,
  type TokenForge,
} from "@grpc-kit/testing/token-forge";
import { type JWK, SignJWT } from "jose";

export { encode, type KeyPair, nowSeconds, pemOf } from "@grpc-kit/testing/token-forge";

export const tokens: TokenForge = createTokenForge({
  issuer: "https://issuer.test",
  audience: "items",
});
export const issuer: string = tokens.issuer;
export const audience: string = tokens.audience;
export const rsa: KeyPair = tokens.rsa;
export const claims: TokenForge["claims"] = tokens.claims;
export const forge: TokenForge["forge"] = tokens.forge;
export const ec: KeyPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const ed: KeyPair = generateKeyPairSync("ed25519");

/** A member of a JWKS. */
export function jwkOf({ publicKey }: KeyPair, kid: string): JWK {
  return { ...publicKey.export({ format: "jwk" }), kid, use: "sig" };
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

export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** The reason in the ErrorInfo that a call ended with. */
export function reasonIn({ trailers }: Outcome): string | undefined {
  return readErrorDetails(trailers).errorInfo?.reason;
}
