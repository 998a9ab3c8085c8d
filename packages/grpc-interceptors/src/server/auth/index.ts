export {
  type ApiKey,
  type ApiKeyVerifierOptions,
  createApiKeyVerifier,
} from "./api-key-verifier.ts";
export { type AuthOptions, auth } from "./auth.ts";
export type { AuthReason } from "./auth-error.ts";
export {
  type CertificateVerifierOptions,
  createCertificateVerifier,
} from "./certificate-verifier.ts";
export type { JwtVerifierOptions } from "./jwt-options.ts";
export { createJwtVerifier, type JwtVerifier } from "./jwt-verifier.ts";
export type { Algorithm } from "./verification-key.ts";
export type { CallVerifier, TokenVerifier, VerifiedCaller } from "./verified-caller.ts";
