import { join } from "node:path";
import { unknownVariables } from "@grpc-kit/grpc-server/settings";
import { z } from "zod";
import {
  collectFaults,
  type Environment,
  readDataFolder,
  readVariables,
} from "./read-variables.ts";

/** Which tokens are accepted. Exactly one of the three says where the keys are. */
export interface AuthSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl?: string;
  readonly jwksFile?: string;
  /** A file with a public key in PEM. */
  readonly publicKeyFile?: string;
  /** Whether `jwksUrl` may be http: to this very machine. Default: false. */
  readonly allowInsecureLoopback?: boolean;
  /** The folder where the key pair behind `jwksFile` is made. Default: it is somebody else's. */
  readonly developmentKeys?: string;
}

/** Where a key pair is, and what its tokens must say. */
export type DevelopmentAuth = AuthSettings & { readonly developmentKeys: string };

const keySources = ["AUTH_JWKS_URL", "AUTH_JWKS_FILE", "AUTH_PUBLIC_KEY_FILE"] as const;
const keySource = `one of ${keySources.join(", ")}`;
const required = z.string("must be set when another AUTH_ variable is").min(1, "must not be empty");
const optional = z.string().min(1, "must not be empty").optional();

const variables = {
  AUTH_ISSUER: required,
  AUTH_AUDIENCE: required,
  AUTH_JWKS_URL: z
    .string()
    .refine(
      isSafe,
      "must be an https URL, or an http URL of this machine, without user and password",
    )
    .optional(),
  AUTH_JWKS_FILE: optional,
  AUTH_PUBLIC_KEY_FILE: optional,
};

/**
 * Reads who may call. If no variable says so, those with a token of the keys in DATA_DIR may, but in
 * production nobody. Throws a TypeError with one line for each variable that is wrong.
 */
export function readAuthSettings(environment: Environment): AuthSettings {
  const isSet = Object.entries(environment).some(
    ([name, value]) => name.startsWith("AUTH_") && value !== undefined,
  );
  if (isSet) {
    return readAuthVariables(environment);
  }
  if (environment.NODE_ENV === "production") {
    const names = `AUTH_ISSUER, AUTH_AUDIENCE and ${keySource}`;
    throw new TypeError(`${names} must be set when NODE_ENV is production, got none`);
  }
  return developmentAuth(readDataFolder(environment));
}

/** Who may call while nobody has said so: those with a token of a key pair that the service makes itself. */
export function developmentAuth(dataFolder: string): DevelopmentAuth {
  const folder = join(dataFolder, "development-keys");
  return {
    issuer: "urn:item-service:development",
    audience: "item-service",
    jwksFile: join(folder, "jwks.json"),
    developmentKeys: folder,
  };
}

function readAuthVariables(environment: Environment): AuthSettings {
  const { faults, attempt } = collectFaults();
  const data = attempt(() => readVariables(environment, variables));
  const sources = keySources.filter((name) => environment[name] !== undefined);
  if (sources.length !== 1) {
    faults.push(`${keySource} must be set, got ${sources.join(", ") || "none"}`);
  }
  faults.push(...unknownVariables(environment, { prefix: "AUTH_", names: Object.keys(variables) }));
  if (data === undefined || faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL, AUTH_JWKS_FILE, AUTH_PUBLIC_KEY_FILE } = data;
  return {
    issuer: AUTH_ISSUER,
    audience: AUTH_AUDIENCE,
    ...(AUTH_JWKS_URL !== undefined && { jwksUrl: AUTH_JWKS_URL, allowInsecureLoopback: true }),
    ...(AUTH_JWKS_FILE !== undefined && { jwksFile: AUTH_JWKS_FILE }),
    ...(AUTH_PUBLIC_KEY_FILE !== undefined && { publicKeyFile: AUTH_PUBLIC_KEY_FILE }),
  };
}

/** Whoever reads what comes by http on its way can forge tokens; on this machine nobody does. */
function isSafe(url: string): boolean {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.username !== "" || parsed.password !== "") {
    return false;
  }
  const { protocol, hostname } = parsed;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
