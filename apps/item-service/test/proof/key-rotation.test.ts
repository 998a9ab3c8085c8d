import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { createCertificates, hasOpenssl } from "../certificates.ts";
import { failureOf, type ItemStub, serveItems, stubOf, temporaryFolder } from "../serve.ts";
import { sources, startProcess } from "../start-process.ts";

const issuer = { AUTH_ISSUER: "https://login.example.com", AUTH_AUDIENCE: "item-service" };

interface SigningKey {
  readonly jwk: JWK;
  token(): Promise<string>;
}

async function newKey(kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" },
    token: () => sign(privateKey, kid),
  };
}

// Each is another, so that none is known from before.
function sign(key: CryptoKey, kid: string): Promise<string> {
  return new SignJWT({ scope: "items:read items:write", jti: randomUUID() })
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuer(issuer.AUTH_ISSUER)
    .setAudience(issuer.AUTH_AUDIENCE)
    .setSubject("ada")
    .setExpirationTime("5 minutes")
    .sign(key);
}

// There is no such item, which only those are told who may know.
const known = "NOT_FOUND";

/** How a call ends whose token is signed with the key. */
async function callWith(items: ItemStub, key: SigningKey): Promise<string> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${await key.token()}`);
  const failure = await failureOf(items.getItem({ id: randomUUID() }, { metadata }));
  return failure.replace(/:.*/s, "");
}

/** Calls with the key that the issuer signs with, over and over, and counts how calls end. */
function startCalls(items: ItemStub, current: () => SigningKey) {
  const endings = new Map<string, number>();
  let isStopped = false;
  const lane = async (): Promise<void> => {
    while (!isStopped) {
      const ending = await callWith(items, current());
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
  };
  const lanes = Promise.all(Array.from({ length: 4 }, lane));
  onTestFinished(() => {
    isStopped = true;
  });
  const total = () => [...endings.values()].reduce((sum, calls) => sum + calls, 0);
  return {
    async goOn(): Promise<void> {
      const before = total();
      await expect.poll(total).toBeGreaterThan(before + 50);
    },
    async stop(): Promise<ReadonlyMap<string, number>> {
      isStopped = true;
      await lanes;
      return endings;
    },
  };
}

describe("D12: keys are changed under load", () => {
  it("in a file: a new one is good within a second, an old one until it is removed", async () => {
    const [old, next] = [await newKey("old"), await newKey("next")];
    const file = join(temporaryFolder(), "jwks.json");
    const publish = (...keys: readonly SigningKey[]): void => {
      writeFileSync(`${file}.new`, JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
      renameSync(`${file}.new`, file);
    };
    publish(old);
    const { address } = await serveItems({}, { ...issuer, AUTH_JWKS_FILE: file });
    const items = stubOf(ItemServiceService, address);
    const endsWith = (key: SigningKey, ending: string) =>
      expect.poll(() => callWith(items, key), { timeout: 30_000, interval: 100 }).toBe(ending);
    let current = old;
    const calls = startCalls(items, () => current);
    await calls.goOn();
    publish(old, next);
    await endsWith(next, known);
    current = next;
    await calls.goOn();
    expect(await callWith(items, old)).toBe(known);
    publish(next);
    // A key that is not there has the file read again.
    const third = await newKey("third");
    await expect
      .poll(async () => [await callWith(items, third), await callWith(items, old)], {
        timeout: 30_000,
        interval: 100,
      })
      .toEqual(["UNAUTHENTICATED", "UNAUTHENTICATED"]);
    await calls.goOn();
    expect([...(await calls.stop()).keys()]).toEqual([known]);
  }, 60_000);

  it.skipIf(!hasOpenssl)(
    "D11: behind a URL: they stay good while the issuer is down",
    async () => {
      const key = await newKey("first");
      const path = createCertificates();
      const login = await serveKeys(path, [key]);
      const env = { ...issuer, AUTH_JWKS_URL: login.url, NODE_EXTRA_CA_CERTS: path("ca.pem") };
      const { address } = await startProcess({ ...env, LOG_LEVEL: "error" }, sources);
      const items = stubOf(ItemServiceService, address);
      const calls = startCalls(items, () => key);
      await calls.goOn();
      login.close();
      await calls.goOn();
      expect(await callWith(items, await newKey("second"))).toBe("UNAUTHENTICATED");
      await calls.goOn();
      expect([...(await calls.stop()).keys()]).toEqual([known]);
      // For all who wait, and not again for a key that it does not have.
      expect(login.reads()).toBe(1);
    },
    60_000,
  );
});

/** An issuer's keys, over TLS. */
async function serveKeys(path: (name: string) => string, keys: readonly SigningKey[]) {
  const tls = { key: readFileSync(path("server.key")), cert: readFileSync(path("server.pem")) };
  let reads = 0;
  const server = createServer(tls, (_request, response) => {
    reads += 1;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://localhost:${(server.address() as AddressInfo).port}/jwks`;
  return { url, close, reads: () => reads };
}
