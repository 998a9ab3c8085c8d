import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  type HealthReport,
  HealthReportServiceClient,
} from "@grpc-kit/generated-protos/common/health";
import {
  type Item,
  type ItemServiceClient,
  ItemServiceService,
} from "@grpc-kit/generated-protos/examples/items";
import { HealthClient } from "@grpc-kit/generated-protos/grpc/health/v1";
import { currentCall, identityKey } from "@grpc-kit/grpc-context";
import { findDetail } from "@grpc-kit/grpc-status";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ItemCradle } from "../src/container.ts";
import { one } from "../src/demo/calls.ts";
import { failureOf, newItem, serveItems, temporaryFolder } from "./serve.ts";

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

/** The code that a call of a method ends with, whatever its kind. */
async function codeOf(
  client: ItemServiceClient,
  name: MethodName,
  metadata: Metadata,
): Promise<status> {
  const { path, requestStream, responseStream } = ItemServiceService[name];
  const [bytes, nothing] = [(buffer: Buffer) => buffer, Buffer.alloc(0)] as const;
  return new Promise((resolve) => {
    const onReply = (error: ServiceError | null) => resolve(error?.code ?? status.OK);
    if (!responseStream) {
      if (requestStream) {
        client.makeClientStreamRequest(path, bytes, bytes, metadata, {}, onReply).end();
      } else {
        client.makeUnaryRequest(path, bytes, bytes, nothing, metadata, {}, onReply);
      }
      return;
    }
    const watch = (call: EventEmitter & { resume(): unknown }): void => {
      call.on("error", () => {});
      call.on("status", ({ code }: { code: status }) => resolve(code));
      call.resume();
    };
    if (requestStream) {
      const call = client.makeBidiStreamRequest(path, bytes, bytes, metadata, {});
      watch(call);
      call.end();
    } else {
      watch(client.makeServerStreamRequest(path, bytes, bytes, nothing, metadata, {}));
    }
  });
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
    const { reply } = await one<Item>((done) => client.createItem(newItem("lamp-1"), writer, done));
    const failures = await Promise.all(
      [reply.id, randomUUID(), "no id"].map((id) =>
        failureOf(one<Item>((done) => client.getItem({ id }, writer, done))),
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
    const get = (sent: Metadata) =>
      one<Item>((done) => client.getItem({ id: randomUUID() }, sent, done));
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
    const health = new HealthClient(address, credentials.createInsecure());
    const report = new HealthReportServiceClient(address, credentials.createInsecure());
    onTestFinished(() => {
      health.close();
      report.close();
    });
    expect(await failureOf(one((done) => health.check({ service: "" }, done)))).toBe("OK");
    expect(await failureOf(one((done) => report.getHealthReport({}, done)))).toMatch(
      /^UNAUTHENTICATED/,
    );
    const metadata = await withToken("");
    const { reply } = await one<HealthReport>((done) => report.getHealthReport({}, metadata, done));
    expect(
      JSON.stringify(reply, (_key, value) => (typeof value === "bigint" ? 0 : value)),
    ).toContain("database");
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
  });
});
