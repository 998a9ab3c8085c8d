import { hash, randomBytes } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import { callValues, type Identity, identityKey } from "@grpc-kit/grpc-context";
import { callFixture } from "@grpc-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reasonIn } from "../../../test/auth-tokens.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import type { InterceptedCall } from "../call-hook.ts";
import { type ApiKey, createApiKeyVerifier } from "./api-key-verifier.ts";
import { auth } from "./auth.ts";

function makeKey(id: string, others: Partial<ApiKey> = {}): { key: string; known: ApiKey } {
  const key = `${id}.${randomBytes(32).toString("base64url")}`;
  return { key, known: { id, sha256: hash("sha256", key), subject: `owner of ${id}`, ...others } };
}

const shop = makeKey("shop", { scopes: ["read"] });
const old = makeKey("old", { expiresAtMs: 1_000 });
const verifier = createApiKeyVerifier({ keys: [shop.known, old.known] });

function reasonOf(...values: readonly string[]): string {
  const metadata = new Metadata();
  for (const value of values) {
    metadata.add("x-api-key", value);
  }
  try {
    return verifier.verifyCall({ metadata } as InterceptedCall) === undefined ? "none" : "accepted";
  } catch (error) {
    return (error as { readonly reason: string }).reason;
  }
}

describe("createApiKeyVerifier", () => {
  it("tells handlers whose key it is, and not the key", async () => {
    const seen: [Identity | undefined, unknown][] = [];
    const { client } = await serveFixture({
      interceptors: [auth({ verifier })],
      handlers: {
        unary(call, callback) {
          seen.push([callValues(call.metadata).get(identityKey), call.metadata.get("x-api-key")]);
          callback(null, call.request);
        },
      },
    });
    const metadata = new Metadata();
    metadata.set("x-api-key", shop.key);
    expect((await callFixture(client, "unary", { metadata }).outcome).code).toBe(status.OK);
    const claims = { sub: "owner of shop", keyId: "shop" };
    expect(seen).toEqual([[{ subject: "owner of shop", scopes: ["read"], claims }, []]]);
    metadata.set("x-api-key", `${shop.key}x`);
    const refused = await callFixture(client, "unary", { metadata }).outcome;
    expect([refused.code, reasonIn(refused)]).toEqual([status.UNAUTHENTICATED, "TOKEN_INVALID"]);
    const none = await callFixture(client, "unary").outcome;
    expect([none.code, reasonIn(none)]).toEqual([status.UNAUTHENTICATED, "TOKEN_MISSING"]);
  });

  it.each([
    ["none", [], "none"],
    ["a known key", [shop.key], "accepted"],
    ["an expired key", [old.key], "TOKEN_EXPIRED"],
    ["an expired id with another secret", ["old.x"], "TOKEN_INVALID"],
    ["a key twice", [shop.key, shop.key], "TOKEN_INVALID"],
    ["joined keys", [`${shop.key}, ${shop.key}`], "TOKEN_INVALID"],
    ["nothing", [""], "TOKEN_INVALID"],
    ["an id alone", ["shop"], "TOKEN_INVALID"],
    ["an id and nothing", ["shop."], "TOKEN_INVALID"],
    ["an unknown id", ["other.secret"], "TOKEN_INVALID"],
    ["a name of Object", ["__proto__.x"], "TOKEN_INVALID"],
    ["the digest", [`shop.${shop.known.sha256}`], "TOKEN_INVALID"],
    ["another's secret", [`shop.${old.key.slice(4)}`], "TOKEN_INVALID"],
    ["a long one", [`shop.${"x".repeat(8_000)}`], "TOKEN_INVALID"],
  ])("judges %s", (_name, values, reason) => {
    expect(reasonOf(...values)).toBe(reason);
  });

  it("takes no other key for a known one, whatever it is", () => {
    const other = fc.oneof(
      fc.string().filter((key) => !/[^\x20-\x7e]/.test(key)),
      fc
        .nat({ max: shop.key.length - 1 })
        .map((at) => shop.key.slice(0, at) + shop.key.slice(at + 1)),
    );
    fc.assert(
      fc.property(other, (key) => {
        expect(reasonOf(key)).toBe("TOKEN_INVALID");
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [{ keys: [] }, /keys must not be empty/],
    [{ keys: [shop.known, shop.known] }, /each its own, got shop/],
    [{ keys: [{ ...shop.known, id: "a.b" }] }, /got a\.b/],
    [{ keys: [{ ...shop.known, sha256: "abc" }] }, /64 hex digits, shop has none/],
    [{ keys: [{ ...shop.known, subject: "" }] }, /must have a subject/],
    [{ keys: [{ ...shop.known, expiresAtMs: Number.NaN }] }, /must be a time/],
    [{ keys: [shop.known], header: "authorization" }, /got authorization/],
    [{ keys: [shop.known], header: "X-Api-Key" }, /got X-Api-Key/],
  ])("refuses %o", (options, message) => {
    expect(() => createApiKeyVerifier(options)).toThrow(message);
  });
});
