import type { Metadata } from "@grpc/grpc-js";
import { unauthenticated } from "./auth-error.ts";

// One space, and nothing before, between or after: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
const credentials = /^bearer [\w.~+/-]+=*$/i;
const scheme = "bearer ";

/**
 * The token that a call has; undefined if it has no `authorization` at all. Throws what refuses the
 * call for an `authorization` that can be read in two ways, or in none.
 */
export function bearerToken(metadata: Metadata): string | undefined {
  const values = metadata.get("authorization");
  if (values.length === 0) {
    return undefined;
  }
  const value = String(values[0]);
  if (values.length > 1 || !credentials.test(value)) {
    throw unauthenticated("TOKEN_INVALID", new Error("authorization is not one bearer token"));
  }
  return value.slice(scheme.length);
}
