import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokenForge, pemOf, type TokenForge } from "@grpc-kit/testing/token-forge";
import type { Harness } from "../../harness/harness.ts";
import type { Service } from "../../harness/service.ts";
import { encoded, itemPaths } from "../../wire/items.ts";
import { type WireCaller, wireCaller } from "../../wire/wire-calls.ts";

/** Whose tokens a service is to take, as its settings have it. */
export const issuerVariables = {
  AUTH_ISSUER: "https://login.example.com",
  AUTH_AUDIENCE: "item-service",
} as const;

/** A new issuer, whose tokens have both scopes. */
export function newIssuer(): TokenForge {
  return createTokenForge({
    issuer: issuerVariables.AUTH_ISSUER,
    audience: issuerVariables.AUTH_AUDIENCE,
    claims: { scope: "items:read items:write" },
  });
}

interface Issuer {
  readonly tokens: TokenForge;
  readonly publicKeyFile: string;
}

let shared: Issuer | undefined;

// One for all rows, so that they can share the service.
function sharedIssuer(): Issuer {
  if (shared === undefined) {
    const folder = mkdtempSync(join(tmpdir(), "faults-issuer-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const tokens = newIssuer();
    const publicKeyFile = join(folder, "public.pem");
    writeFileSync(publicKeyFile, pemOf(tokens.rsa.publicKey));
    shared = { tokens, publicKeyFile };
  }
  return shared;
}

export interface KeyService {
  readonly service: Service;
  /** Makes the tokens that it takes, and all others. */
  readonly tokens: TokenForge;
  readonly caller: WireCaller;
}

/** A service that knows its issuer by an RSA key, and a caller of it. */
export async function serviceWithKey(
  harness: Harness,
  more: Readonly<Record<string, string>> = {},
): Promise<KeyService> {
  const { tokens, publicKeyFile } = sharedIssuer();
  const env = { ...issuerVariables, AUTH_PUBLIC_KEY_FILE: publicKeyFile, ...more };
  const service = await harness.service({ env });
  return { service, tokens, caller: callerOf(harness, service) };
}

/** A caller without a token of its own, whose connection ends with the row. */
export function callerOf(harness: Harness, service: Service): WireCaller {
  const caller = wireCaller(service);
  harness.onEnd(() => caller.close());
  return caller;
}

/** What the service says of an item that is not there, to those alone who may know. */
export const accepted = "NOT_FOUND";

/** The name of the status that a call with the token ends with. */
export async function tryToken(caller: WireCaller, token: string): Promise<string> {
  return (await callWith(caller, { authorization: `Bearer ${token}` })).name;
}

/** A call to GetItem with these headers. */
export function callWith(
  caller: WireCaller,
  headers: Parameters<WireCaller["call"]>[2],
): ReturnType<WireCaller["call"]> {
  return caller.call(itemPaths.getItem, encoded("getItem", { id: randomUUID() }), headers);
}

/** A good token that nobody has seen before. */
export function freshToken({ claims, forge }: TokenForge, header: object = {}): string {
  return forge({ alg: "RS256", ...header }, claims({ jti: randomUUID() }));
}
