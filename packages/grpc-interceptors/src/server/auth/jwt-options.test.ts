import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { audience, ec, ed, issuer, jwkOf, pemOf, rsa } from "../../../test/auth-tokens.ts";
import type { JwtVerifierOptions } from "./jwt-options.ts";
import { createJwtVerifier } from "./jwt-verifier.ts";

function create(options: Partial<Record<keyof JwtVerifierOptions, unknown>>): unknown {
  return createJwtVerifier({ issuer, audience, ...options } as JwtVerifierOptions);
}

const pem = pemOf(rsa.publicKey);
const weakRsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const secret = "0123456789abcdef0123456789abcdef";

describe("createJwtVerifier", () => {
  it.each([
    ["RSA as PEM", { publicKey: pem }],
    ["RSA as PKCS #1", { publicKey: rsa.publicKey.export({ type: "pkcs1", format: "pem" }) }],
    ["RSA as JWK", { publicKey: jwkOf(rsa, "a") }],
    ["P-256", { publicKey: ec.publicKey }],
    ["Ed25519", { publicKey: ed.publicKey, algorithms: ["Ed25519", "EdDSA"] }],
    ["a secret of 32 bytes", { secret }],
    ["a secret of 64 bytes", { secret: new Uint8Array(64).fill(7), algorithms: ["HS512"] }],
    ["https", { jwksUrl: new URL("https://issuer.test/jwks") }],
    ["loopback", { jwksUrl: "http://[::1]:1/jwks", allowInsecureLoopback: true }],
    ["lists", { secret, issuer: ["a", "b"], audience: ["c"], requiredClaims: ["jti"] }],
  ])("takes %s", (_name, options) => {
    expect(() => create(options)).not.toThrow();
  });

  it.each([
    ["a PEM as the secret", { secret: pem }, /secret must be a secret/],
    ["PEM bytes as the secret", { secret: Buffer.from(`\n ${pem}`) }, /secret must be a secret/],
    [
      "a DER key as the secret",
      { secret: rsa.publicKey.export({ type: "spki", format: "der" }) },
      /secret must be a secret/,
    ],
    ["a JWK as the secret", { secret: JSON.stringify(jwkOf(rsa, "a")) }, /secret must be a secret/],
    ["HS256 with a public key", { publicKey: pem, algorithms: ["HS256"] }, /need a secret/],
    ["HS256 with a JWKS", { jwksFile: "keys", algorithms: ["HS256"] }, /need a secret/],
    ["RS256 with a secret", { secret, algorithms: ["RS256"] }, /need a public key/],
    ["both sorts of algorithms", { secret, algorithms: ["HS256", "RS256"] }, /need a public key/],
    ["both sorts of keys", { secret, publicKey: pem }, /got publicKey and secret/],
  ])("D2 refuses to mix: %s", (_name, options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  it.each([
    ["no secret", { secret: "" }, /secret must have 32 bytes or more for HS256, got 0/],
    ["31 bytes", { secret: secret.slice(1) }, /got 31/],
    ["32 bytes for HS384", { secret, algorithms: ["HS256", "HS384"] }, /48 bytes/],
    ["RSA of 1024 bits", { publicKey: weakRsa.publicKey }, /2048 bits or more, got 1024/],
    ["RSA of 1024 bits, PEM", { publicKey: pemOf(weakRsa.publicKey) }, /got 1024/],
    ["RSA of 1024 bits, JWK", { publicKey: jwkOf(weakRsa, "a") }, /got 1024/],
    [
      "secp256k1",
      { publicKey: generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey },
      /got secp256k1/,
    ],
    ["X25519", { publicKey: generateKeyPairSync("x25519").publicKey }, /got x25519/],
  ])("D3 refuses a weak key: %s", (_name, options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  it.each([
    ["no key", {}, /exactly one of jwksUrl, .* got none/],
    ["no issuer", { secret, issuer: "" }, /issuer must be a string/],
    ["no audience", { secret, audience: [] }, /audience must be a string/],
    ["an audience that is none", { secret, audience: undefined }, /audience must be a string/],
    ["none", { publicKey: pem, algorithms: ["none"] }, /algorithms must be names.* got none/],
    ["an unknown algorithm", { publicKey: pem, algorithms: ["RS1"] }, /got RS1/],
    ["a name of Object", { publicKey: pem, algorithms: ["toString"] }, /got toString/],
    ["no algorithm", { publicKey: pem, algorithms: [] }, /algorithms must not be empty/],
    ["ES256 with RSA", { publicKey: pem, algorithms: ["RS256", "ES256"] }, /fit publicKey.*ES256/],
    ["ES384 with P-256", { publicKey: ec.publicKey, algorithms: ["ES384"] }, /fit publicKey/],
    [
      "an algorithm that the JWK is not for",
      { publicKey: { ...jwkOf(rsa, "a"), alg: "PS256" }, algorithms: ["RS256"] },
      /which is for PS256, got RS256/,
    ],
    [
      "a JWK for encryption",
      { publicKey: { ...jwkOf(rsa, "a"), use: "enc" } },
      /got one with use enc/,
    ],
    ["a private key", { publicKey: rsa.privateKey }, /got a private one/],
    [
      "a private PEM",
      { publicKey: rsa.privateKey.export({ type: "pkcs8", format: "pem" }) },
      /BEGIN PUBLIC KEY/,
    ],
    ["a private JWK", { publicKey: rsa.privateKey.export({ format: "jwk" }) }, /private or secret/],
    ["a secret JWK", { publicKey: { kty: "oct", k: "AAAA" } }, /private or secret/],
    ["a broken PEM", { publicKey: "-----BEGIN PUBLIC KEY-----\nAAAA\n" }, /and is none/],
    ["http", { jwksUrl: "http://127.0.0.1/jwks" }, /must be https:/],
    [
      "http to elsewhere",
      { jwksUrl: "http://127.0.0.1.evil.test/", allowInsecureLoopback: true },
      /must be https:/,
    ],
    ["file:", { jwksUrl: "file:///etc/keys", allowInsecureLoopback: true }, /must be https:/],
    ["credentials", { jwksUrl: "https://me:pass@issuer.test/" }, /no credentials/],
    ["what is no URL", { jwksUrl: "issuer.test" }, /jwksUrl must be a URL/],
    ["a tolerance of an hour", { secret, clockToleranceMs: 3_600_000 }, /0 to 60000, got 3600000/],
    ["a fraction", { secret, maxTokenBytes: 1.5 }, /maxTokenBytes must be an integer.*got 1.5/],
    ["no time", { secret, cacheTtlMs: 0 }, /cacheTtlMs .*got 0/],
    ["NaN", { secret, jwksCooldownMs: Number.NaN }, /jwksCooldownMs .*got NaN/],
  ])("refuses %s", (_name, options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  it("tells no secret in what it throws", () => {
    for (const options of [{ secret: "hunter2" }, { jwksUrl: "https://me:hunter2@issuer.test/" }]) {
      expect(() => create(options)).toThrow(expect.not.stringContaining("hunter2"));
    }
  });
});
