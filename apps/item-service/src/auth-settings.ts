import { z } from "zod";
import type { Environment } from "./settings.ts";

/** Which tokens are accepted. Exactly one of the three says where the keys are. */
export interface AuthSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl?: string;
  readonly jwksFile?: string;
  /** A file with a public key in PEM. */
  readonly publicKeyFile?: string;
}

const keySources = ["AUTH_JWKS_URL", "AUTH_JWKS_FILE", "AUTH_PUBLIC_KEY_FILE"] as const;
const required = z.string("must be set when another AUTH_ variable is").min(1, "must not be empty");
const optional = z.string().min(1, "must not be empty").optional();

const variables = z.strictObject({
  AUTH_ISSUER: required,
  AUTH_AUDIENCE: required,
  AUTH_JWKS_URL: z.url("must be a URL").optional(),
  AUTH_JWKS_FILE: optional,
  AUTH_PUBLIC_KEY_FILE: optional,
});

/**
 * Reads who may call. Undefined if no variable of it is set. Throws a TypeError with one line for each
 * variable that is wrong.
 */
export function readAuthSettings(environment: Environment): AuthSettings | undefined {
  const set = Object.entries(environment).filter(
    ([name, value]) => name.startsWith("AUTH_") && value !== undefined,
  );
  if (set.length === 0) {
    return undefined;
  }
  const { data, error } = variables.safeParse(Object.fromEntries(set));
  const faults = error?.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.join(", ")} is unknown`
      : `${String(issue.path[0])} ${issue.message}`,
  );
  const sources = keySources.filter((name) => environment[name] !== undefined);
  if (sources.length !== 1) {
    const got = sources.length === 0 ? "none" : sources.join(", ");
    throw new TypeError(
      [...(faults ?? []), `one of ${keySources.join(", ")} must be set, got ${got}`].join("\n"),
    );
  }
  if (data === undefined) {
    throw new TypeError(faults?.join("\n"));
  }
  const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE } = data;
  return {
    issuer: AUTH_ISSUER,
    audience: AUTH_AUDIENCE,
    ...(AUTH_JWKS_URL !== undefined && { jwksUrl: AUTH_JWKS_URL }),
    ...(AUTH_JWKS_FILE !== undefined && { jwksFile: AUTH_JWKS_FILE }),
    ...(AUTH_PUBLIC_KEY_FILE !== undefined && { publicKeyFile: AUTH_PUBLIC_KEY_FILE }),
  };
}
