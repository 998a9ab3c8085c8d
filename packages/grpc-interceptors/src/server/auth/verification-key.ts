import { createPublicKey, KeyObject } from "node:crypto";
import type { JWK } from "jose";

export type Algorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"
  | "HS256"
  | "HS384"
  | "HS512";

type KeyShape = "rsa" | "ed25519" | "prime256v1" | "secp384r1" | "secp521r1";

/** What key each algorithm is for; a number is the least bytes of a secret. https://www.rfc-editor.org/rfc/rfc7518#section-3 */
const keyOfAlgorithm: Readonly<Record<Algorithm, KeyShape | number>> = {
  RS256: "rsa",
  RS384: "rsa",
  RS512: "rsa",
  PS256: "rsa",
  PS384: "rsa",
  PS512: "rsa",
  ES256: "prime256v1",
  ES384: "secp384r1",
  ES512: "secp521r1",
  EdDSA: "ed25519",
  Ed25519: "ed25519",
  HS256: 32,
  HS384: 48,
  HS512: 64,
};

const minRsaBits = 2048;

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === "string" && Object.hasOwn(keyOfAlgorithm, name);
}

/** Whether an algorithm signs and verifies with one secret. */
export function isSymmetric(algorithm: Algorithm): boolean {
  return typeof keyOfAlgorithm[algorithm] === "number";
}

export function fitsKey(algorithm: Algorithm, key: KeyObject): boolean {
  const shape = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
  return keyOfAlgorithm[algorithm] === shape;
}

/** Throws a RangeError, or TypeError, for what is no public key of a kind and size to rely on. */
export function toPublicKey(publicKey: string | JWK | KeyObject): KeyObject {
  const key = importPublicKey(publicKey);
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength = 0, namedCurve } = {} } =
    key;
  const shape = namedCurve ?? type;
  if (!Object.values(keyOfAlgorithm).includes(shape as KeyShape)) {
    throw new RangeError(
      `publicKey must be an RSA, P-256, P-384, P-521 or Ed25519 key, got ${shape}`,
    );
  }
  if (type === "rsa" && modulusLength < minRsaBits) {
    throw new RangeError(`publicKey must have ${minRsaBits} bits or more, got ${modulusLength}`);
  }
  return key;
}

function importPublicKey(publicKey: string | JWK | KeyObject): KeyObject {
  if (publicKey instanceof KeyObject) {
    if (publicKey.type !== "public") {
      throw new TypeError(`publicKey must be a public key, got a ${publicKey.type} one`);
    }
    return publicKey;
  }
  // node:crypto would make a public key of a private one or a certificate. Neither belongs here: the
  // first is a secret, and nobody looks at the dates of the second.
  if (typeof publicKey === "string" && !/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(publicKey)) {
    throw new TypeError('publicKey must be PEM that begins with "-----BEGIN PUBLIC KEY-----"');
  }
  if (typeof publicKey === "object" && (publicKey.use ?? "sig") !== "sig") {
    throw new TypeError(`publicKey must be one for signatures, got one with use ${publicKey.use}`);
  }
  if (typeof publicKey === "object" && (publicKey.d !== undefined || publicKey.k !== undefined)) {
    throw new TypeError("publicKey must be a public key, got a private or secret JWK");
  }
  try {
    return typeof publicKey === "string"
      ? createPublicKey(publicKey)
      : createPublicKey({ key: publicKey, format: "jwk" });
  } catch (cause) {
    throw new TypeError("publicKey must be a PEM, a JWK or a KeyObject, and is none", { cause });
  }
}

/** Throws a RangeError, or TypeError, for a secret that is short or that is no secret. */
export function toSecret(
  secret: string | Uint8Array,
  algorithms: readonly Algorithm[],
): Uint8Array {
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    throw new TypeError(`secret must be a string or a Uint8Array, got ${typeof secret}`);
  }
  const bytes = Buffer.from(secret as string);
  if (isPublic(bytes)) {
    throw new TypeError("secret must be a secret, got a key or certificate that others may have");
  }
  for (const algorithm of algorithms) {
    const minBytes = Number(keyOfAlgorithm[algorithm]);
    if (bytes.length < minBytes) {
      throw new RangeError(
        `secret must have ${minBytes} bytes or more for ${algorithm}, got ${bytes.length}`,
      );
    }
  }
  return new Uint8Array(bytes);
}

// Whoever has the public key could sign with it: https://www.rfc-editor.org/rfc/rfc8725#section-3.1
function isPublic(bytes: Buffer): boolean {
  const text = bytes.toString("latin1");
  if (/-----BEGIN |"kty"\s*:/.test(text)) {
    return true;
  }
  try {
    createPublicKey({ key: bytes, format: "der", type: "spki" });
    return true;
  } catch {
    return false;
  }
}
