import { createHmac } from "node:crypto";

export const issuer = "https://login.example.com";
export const audience = "fixtures";
export const secret: Uint8Array = Buffer.alloc(32, "of the bench");

/** A token with the scope `all` for an hour, signed by HS256 with `secret`. */
export function signToken(): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    scope: "all",
    iss: issuer,
    aud: audience,
    sub: "bench",
    iat: now,
    exp: now + 3_600,
  };
  const signed = [{ alg: "HS256" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
