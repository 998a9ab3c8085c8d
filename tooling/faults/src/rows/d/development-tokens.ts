import { createPrivateKey, randomBytes, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encode, nowSeconds } from "@grpc-kit/testing/token-forge";
import type { Service } from "../../harness/service.ts";

/** Signs as `item-service token` does, but quickly, and whatever it is told. */
export function developmentSigner(service: Service): (claims?: object, header?: object) => string {
  const file = join(service.dataFolder, "development-keys", "private.jwk.json");
  const jwk = JSON.parse(readFileSync(file, "utf8"));
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  return (claims = {}, header = {}) => {
    const now = nowSeconds();
    const standard = {
      iss: "urn:item-service:development",
      aud: "item-service",
      sub: "ada",
      iat: now,
      exp: now + 600,
      jti: randomUUID(),
      scope: "items:read items:write",
    };
    const head = { alg: "ES256", kid: jwk.kid, ...header };
    const input = `${encode(head)}.${encode({ ...standard, ...claims })}`;
    const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64url")}`;
  };
}

/** The same token with a signature that is none. */
export function withBadSignature(token: string): string {
  return `${token.slice(0, token.lastIndexOf("."))}.${randomBytes(64).toString("base64url")}`;
}
