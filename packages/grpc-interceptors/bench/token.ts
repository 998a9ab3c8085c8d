import { SignJWT } from "jose";

export const issuer = "https://login.example.com";
export const audience = "fixtures";
export const secret: Uint8Array = Buffer.alloc(32, "of the bench");

/** A token that the bench's server accepts. */
export function signToken(): Promise<string> {
  return new SignJWT({ scope: "all" })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("bench")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(secret);
}
