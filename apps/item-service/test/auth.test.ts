import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { currentCall, identityKey } from "@grpc-kit/grpc-context";
import { findDetail } from "@grpc-kit/grpc-status";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { ItemCradle } from "../src/container.ts";
import { all } from "../src/demo/all.ts";
import { failureOf, type ItemStub, newItem, serveItems, stubOf, temporaryFolder } from "./serve.ts";
import { tokenFor } from "./tokens.ts";

const issuer = "https://login.example.com";
const audience = "item-service";
const { publicKey, privateKey } = await generateKeyPair("ES256");

async function tokenOf(scope: string, expiresIn = "5 minutes"): Promise<string> {
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("ada")
    .setExpirationTime(expiresIn)
    .sign(privateKey);
}

async function withToken(scope: string): Promise<Metadata> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${await tokenOf(scope)}`);
  return metadata;
}

async function serveGuarded(overrides: Partial<ItemCradle> = {}) {
  const file = join(temporaryFolder(), "key.pem");
  writeFileSync(file, await exportSPKI(publicKey));
  return serveItems(overrides, {
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: audience,
    AUTH_PUBLIC_KEY_FILE: file,
  });
}

type MethodName = keyof typeof ItemServiceService;

/** The code that a call of a method ends with, whatever its kind. It sends as little as it can. */
async function codeOf(client: ItemStub, name: MethodName, metadata: Metadata): Promise<status> {
  const { requestStream, requestDeserialize } = ItemServiceService[name];
  const method = client[name] as (
    requests: unknown,
    options: { readonly metadata: Metadata },
  ) => Promise<unknown> | AsyncIterable<unknown>;
  const answers = method(requestStream ? [] : requestDeserialize(Buffer.alloc(0)), { metadata });
  return (answers instanceof Promise ? answers : all(answers)).then(
    () => status.OK,
    ({ code }: ServiceError) => code,
  );
}

const names = Object.keys(ItemServiceService) as MethodName[];
const readers: readonly MethodName[] = ["getItem", "listItems"];

describe("a service with AUTH_ settings", () => {
  it.each(names)("D18: lets %s be called with the right scope only", async (name) => {
    const { client } = await serveGuarded();
    const isRead = readers.includes(name);
    const [right, wrong] = isRead ? ["items:read", "items:write"] : ["items:write", "items:read"];
    expect(await codeOf(client, name, new Metadata())).toBe(status.UNAUTHENTICATED);
    expect(await codeOf(client, name, await withToken(wrong))).toBe(status.PERMISSION_DENIED);
    expect(await codeOf(client, name, await withToken("items"))).toBe(status.PERMISSION_DENIED);
    expect([status.OK, status.INVALID_ARGUMENT]).toContain(
      await codeOf(client, name, await withToken(`openid ${right}`)),
    );
  });

  it("D18: says nothing of what exists to whom may not know, and writes down who asked", async () => {
    const { client, logged } = await serveGuarded();
    const writer = await withToken("items:write");
    const item = await client.createItem(newItem("lamp-1"), { metadata: writer });
    const failures = await Promise.all(
      [item.id, randomUUID(), "no id"].map((id) =>
        failureOf(client.getItem({ id }, { metadata: writer })),
      ),
    );
    expect(new Set(failures)).toEqual(new Set(["PERMISSION_DENIED: permission denied"]));
    await expect
      .poll(() => logged.filter(({ message }) => message === "denied"))
      .toMatchObject(
        Array(3).fill({
          level: "warn",
          method: "/examples.ItemService/GetItem",
          principal: "ada",
          reason: "scope_missing",
        }),
      );
  });

  it("gives use cases the caller's identity, and tells callers why they are not let in", async () => {
    const seen: unknown[] = [];
    const { client } = await serveGuarded({
      getItem: async () => {
        seen.push(currentCall()?.get(identityKey), currentCall()?.metadata.get("authorization"));
        throw new Error("no item");
      },
    });
    const metadata = await withToken("items:read");
    const get = (sent: Metadata) => client.getItem({ id: randomUUID() }, { metadata: sent });
    await failureOf(get(metadata));
    expect(seen).toMatchObject([{ subject: "ada", scopes: ["items:read"] }, []]);
    const expired = new Metadata();
    expired.set("authorization", `Bearer ${await tokenOf("items:read", "1 minute ago")}`);
    const reasonOf = (error: unknown) => findDetail(error, "errorInfo")?.reason;
    expect(await get(expired).catch(reasonOf)).toBe("TOKEN_EXPIRED");
    expect(await get(new Metadata()).catch(reasonOf)).toBe("TOKEN_MISSING");
  });

  it("leaves the health protocol to everybody, and what is behind it to those with a token", async () => {
    const { address, logged } = await serveGuarded();
    const health = stubOf(HealthService, address);
    const report = stubOf(HealthReportServiceService, address);
    expect(await failureOf(health.check({ service: "" }))).toBe("OK");
    expect(await failureOf(report.getHealthReport({}))).toMatch(/^UNAUTHENTICATED/);
    const reply = await report.getHealthReport({}, { metadata: await withToken("") });
    expect(
      JSON.stringify(reply, (_key, value) => (typeof value === "bigint" ? 0 : value)),
    ).toContain("database");
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("a service without AUTH_ settings", () => {
  it.each(names)("takes tokens of its own keys only for %s, with the right scope", async (name) => {
    const { address, client, dataFolder } = await serveItems();
    const other = await tokenFor(temporaryFolder());
    const scope = readers.includes(name) ? "items:write" : "items:read";
    const codes = [undefined, other, await tokenFor(dataFolder, scope)].map((token) =>
      codeOf(stubOf(ItemServiceService, address, { token }), name, new Metadata()),
    );
    expect(await Promise.all(codes)).toEqual([
      status.UNAUTHENTICATED,
      status.UNAUTHENTICATED,
      status.PERMISSION_DENIED,
    ]);
    expect([status.OK, status.INVALID_ARGUMENT]).toContain(
      await codeOf(client, name, new Metadata()),
    );
  });
});
