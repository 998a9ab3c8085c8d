import { Metadata, status } from "@grpc/grpc-js";
import { callValues, type Identity, identityKey } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, vi } from "vitest";
import { callWithFields } from "../../../test/auth-raw-call.ts";
import {
  bearer,
  claims,
  issuer,
  nowSeconds,
  reasonIn,
  rsa,
  sign,
} from "../../../test/auth-tokens.ts";
import { echo, envelope, type FixtureHandlers, serveFixture } from "../../../test/serve-fixture.ts";
import type { ServerHook } from "../call-hook.ts";
import { serverInterceptor } from "../server-interceptor.ts";
import { type AuthOptions, auth } from "./auth.ts";
import { createJwtVerifier } from "./jwt-verifier.ts";
import type { CallVerifier, TokenVerifier } from "./verified-caller.ts";

const verifier = createJwtVerifier({ issuer, audience: "items", publicKey: rsa.publicKey });
const ada: Identity = { subject: "ada", scopes: [], claims: {} };
const opaque: TokenVerifier = { verify: () => ({ identity: ada, expiresAtMs: Infinity }) };

type AnyCall = { readonly metadata: Metadata };

/** The handlers of `echo`, each of which first shows its metadata. */
function watched(see: (metadata: Metadata) => void): FixtureHandlers {
  const watch =
    <Call extends AnyCall, Rest extends readonly unknown[]>(
      handler: (call: Call, ...rest: Rest) => void,
    ) =>
    (call: Call, ...rest: Rest) => {
      see(call.metadata);
      handler(call, ...rest);
    };
  return {
    unary: watch(echo.unary),
    serverStream: watch(echo.serverStream),
    clientStream: watch(echo.clientStream),
    bidi: watch(echo.bidi),
  };
}

async function serve(options: Partial<AuthOptions> = {}, outer: readonly ServerHook[] = []) {
  const seen: Metadata[] = [];
  const { client, port } = await serveFixture({
    interceptors: [...outer.map((hook) => serverInterceptor(hook)), auth({ verifier, ...options })],
    handlers: watched((metadata) => seen.push(metadata)),
  });
  return { client, port, seen };
}

describe("auth", () => {
  it.each(callKinds)("tells handlers who calls, and not by which token: %s", async (kind) => {
    const { client, seen } = await serve();
    const metadata = bearer(await sign(claims({ scope: "read" })));
    metadata.set("x-other", "kept");
    for (const _ of [1, 2]) {
      const { code, messages } = await callFixture(client, kind, { metadata }).outcome;
      expect([code, messages.length]).toEqual([status.OK, 1]);
    }
    const identities = seen.map((received) => callValues(received).get(identityKey));
    expect(identities).toMatchObject([
      { subject: "ada", scopes: ["read"] },
      { subject: "ada", scopes: ["read"] },
    ]);
    expect(seen.map((received) => received.get("authorization"))).toEqual([[], []]);
    expect(seen.map((received) => received.get("x-other"))).toEqual([["kept"], ["kept"]]);
  });

  it("leaves handlers the token if it is told to", async () => {
    const { client, seen } = await serve({ keepToken: true });
    const metadata = bearer(await sign());
    await callFixture(client, "unary", { metadata }).outcome;
    expect(seen[0]?.get("authorization")).toEqual(metadata.get("authorization"));
  });

  it.each(callKinds)("D15 refuses before a message is decoded: %s", async (kind) => {
    const { client, seen } = await serve();
    const decode = vi.spyOn(Envelope, "decode");
    const good = await sign();
    const bad = [
      [new Metadata(), "TOKEN_MISSING", "credentials are missing"],
      [bearer("garbage"), "TOKEN_INVALID", "credentials are not valid"],
      [bearer(`${good.slice(0, -8)}AAAAAAAA`), "TOKEN_INVALID", "credentials are not valid"],
      [
        bearer(await sign(claims({ exp: nowSeconds() - 60 }))),
        "TOKEN_EXPIRED",
        "credentials have expired",
      ],
    ] as const;
    for (const [metadata, reason, text] of bad) {
      const requests = [{ text: "x".repeat(1_000) }, { text: "y" }];
      const outcome = await callFixture(client, kind, { metadata, requests }).outcome;
      expect([outcome.code, outcome.details, reasonIn(outcome)]).toEqual([
        status.UNAUTHENTICATED,
        text,
        reason,
      ]);
    }
    expect(decode).not.toHaveBeenCalled();
    expect(seen).toEqual([]);
    await callFixture(client, kind, { metadata: bearer(good) }).outcome;
    expect(decode).toHaveBeenCalled();
  });

  it.each([
    ["a scheme in lower case", (token: string) => `bearer ${token}`, status.OK],
    ["two spaces", (token: string) => `Bearer  ${token}`, status.UNAUTHENTICATED],
    ["joined", (token: string) => `Bearer ${token}, Bearer ${token}`, status.UNAUTHENTICATED],
    ["more behind", (token: string) => `Bearer ${token} x`, status.UNAUTHENTICATED],
  ])("D13 over the wire: %s", async (_name, toValue, expected) => {
    const { client } = await serve();
    const metadata = new Metadata();
    metadata.set("authorization", toValue(await sign()));
    expect((await callFixture(client, "unary", { metadata }).outcome).code).toBe(expected);
  });

  it("D13 of two, sees the first, as grpc-js does: whoever is in front must send one", async () => {
    const codes: status[] = [];
    const outer: ServerHook = () => ({ onEnd: ({ code }) => codes.push(code) });
    const { port, seen } = await serve({}, [outer]);
    const [good, bad] = [`Bearer ${await sign()}`, "Bearer bad"];
    const call = (...values: readonly string[]): void => {
      const fields = values.map((value) => ["authorization", value] as const);
      callWithFields(port, FixtureServiceService.unary.path, fields);
    };
    call(good, bad);
    await expect.poll(() => codes).toEqual([status.OK]);
    call(bad, good);
    await expect.poll(() => codes).toEqual([status.OK, status.UNAUTHENTICATED]);
    expect(seen).toHaveLength(1);
  });

  it("D16 excludes the exact path and no other", async () => {
    const path = FixtureServiceService.unary.path;
    const { client, seen } = await serve({ excludedMethods: [path] });
    const call = (name: string): Promise<status> =>
      new Promise((resolve) => {
        const { requestSerialize, responseDeserialize } = FixtureServiceService.unary;
        client.makeUnaryRequest(
          name,
          requestSerialize,
          responseDeserialize,
          envelope({}),
          (error) => resolve(error?.code ?? status.OK),
        );
      });
    expect(await call(path)).toBe(status.OK);
    expect(callValues(seen[0] as Metadata).get(identityKey)).toBeUndefined();
    for (const kind of callKinds.filter((one) => one !== "unary")) {
      expect((await callFixture(client, kind).outcome).code).toBe(status.UNAUTHENTICATED);
    }
    const [service, method] = path.slice(1).split("/") as [string, string];
    const others = [
      `/${path}`,
      `${path}/`,
      `/${service}//${method}`,
      `/${service}/./${method}`,
      `/${service}/${method.toLowerCase()}`,
      `/${service.toUpperCase()}/${method}`,
      `/${service}/${method}%00`,
      `/${service}/${method}?x`,
      `/${service}/${method}#x`,
      `/x/../${service}/${method}`,
      `/other.${service}/${method}`,
      `/${service}/BidiUnary`,
      path.slice(1),
    ];
    const codes = new Map(
      await Promise.all(others.map(async (one) => [one, await call(one)] as const)),
    );
    expect([...codes].filter(([, code]) => code === status.OK)).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  it("shows no token to handlers of methods that want none, either", async () => {
    const { client, seen } = await serve({ excludedMethods: [FixtureServiceService.unary.path] });
    await callFixture(client, "unary", { metadata: bearer("any") }).outcome;
    expect(seen.map((received) => received.get("authorization"))).toEqual([[]]);
  });

  it.each(["", "*", "/", "/a.B/*", "/a.B/", "a.B/C", "//a.B/C", "/a.B/C/", "/a.B/C d", "/a.B"])(
    "D16 takes no pattern to exclude by: %s",
    (path) => {
      expect(() => auth({ verifier, excludedMethods: [path] })).toThrow(
        /excludedMethods must be paths/,
      );
    },
  );

  it("refuses to be made without a verifier", () => {
    expect(() => auth({ verifier: [] })).toThrow("verifier must be one or more, got an empty list");
  });

  it("runs the verifiers in order, as far as the call has credentials of their sort", async () => {
    const asked: string[] = [];
    const none: CallVerifier = { verifyCall: async () => void asked.push("none") };
    const named: CallVerifier = {
      verifyCall({ metadata }) {
        asked.push("named");
        const [subject] = metadata.get("x-name");
        return subject === undefined
          ? undefined
          : { identity: { ...ada, subject: String(subject) }, expiresAtMs: Infinity };
      },
    };
    const { client, seen } = await serve({ verifier: [none, verifier, named] });
    const bob = new Metadata();
    bob.set("x-name", "bob");
    const bad = bob.clone();
    bad.set("authorization", "Bearer bad");
    const both = bob.clone();
    both.set("authorization", `Bearer ${await sign()}`);
    const codes: status[] = [];
    for (const metadata of [bob, bad, both, new Metadata()]) {
      codes.push((await callFixture(client, "unary", { metadata }).outcome).code);
    }
    expect(codes).toEqual([status.OK, status.UNAUTHENTICATED, status.OK, status.UNAUTHENTICATED]);
    expect(seen.map((metadata) => callValues(metadata).get(identityKey)?.subject)).toEqual([
      "bob",
      "ada",
    ]);
    expect(asked).toEqual(["none", "named", "none", "none", "none", "named"]);
  });

  it("takes any verifier of tokens", async () => {
    const { client } = await serve({ verifier: opaque });
    expect((await callFixture(client, "unary", { metadata: bearer("any") }).outcome).code).toBe(
      status.OK,
    );
    expect((await callFixture(client, "unary").outcome).code).toBe(status.UNAUTHENTICATED);
  });

  it("hides what a verifier of another make throws", async () => {
    const broken: TokenVerifier = {
      verify: async () => {
        throw new Error("S3CR3T");
      },
    };
    const { client } = await serve({ verifier: broken });
    const log = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const outcome = await callFixture(client, "unary", { metadata: bearer("any") }).outcome;
    expect([outcome.code, outcome.details]).toEqual([status.INTERNAL, "internal error"]);
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("S3CR3T"));
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["no identity", {}],
    ["an identity without a name", { identity: {}, expiresAtMs: Infinity }],
    ["an empty name", { identity: { ...ada, subject: "" }, expiresAtMs: Infinity }],
    ["no expiry", { identity: ada, expiresAtMs: Number.NaN }],
    ["an expiry that is none", { identity: ada }],
    ["what has expired", { identity: ada, expiresAtMs: Date.now() - 1 }],
  ])("fails closed if a verifier returns %s", async (_name, answer) => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    for (const wrong of [{ verify: () => answer }, { verify: async () => answer }]) {
      const { client, seen } = await serve({ verifier: wrong as unknown as TokenVerifier });
      const { code } = await callFixture(client, "unary", { metadata: bearer("any") }).outcome;
      expect([status.UNAUTHENTICATED, status.INTERNAL]).toContain(code);
      expect(seen).toEqual([]);
    }
  });

  it("keeps a call that is cancelled while its token is verified from the handler", async () => {
    const [gate, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const ends: string[] = [];
    const slow: TokenVerifier = {
      async verify() {
        asked.resolve();
        await gate.promise;
        return { identity: ada, expiresAtMs: Infinity };
      },
    };
    const outer: ServerHook = () => ({ onEnd: ({ code }) => ends.push(status[code]) });
    const { client, seen } = await serve({ verifier: slow }, [outer]);
    const call = callFixture(client, "bidi", { metadata: bearer("any"), keepOpen: true });
    await asked.promise;
    call.cancel();
    await expect.poll(() => ends).toEqual(["CANCELLED"]);
    gate.resolve();
    await call.outcome;
    expect(seen).toEqual([]);
  });
});
