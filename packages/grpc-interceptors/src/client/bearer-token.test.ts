import { setTimeout as delay } from "node:timers/promises";
import { credentials, InterceptingCall, type Interceptor, Metadata, status } from "@grpc/grpc-js";
import { UnauthorizedError } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, vi } from "vitest";
import { connect, serveArrivals } from "../../test/client-arrivals.ts";
import type { FixtureHandlers } from "../../test/serve-fixture.ts";
import { type BearerTokenOptions, bearerToken } from "./bearer-token.ts";

const local = { target: "127.0.0.1:50051", credentials: credentials.createInsecure() };

function localToken(
  getToken: BearerTokenOptions["getToken"],
  options: Partial<BearerTokenOptions> = {},
): Interceptor {
  return bearerToken({ ...local, getToken, ...options });
}

/** A source of one token, which is asked for, and given, when the test says so. */
function heldToken() {
  const [asked, token] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  const getToken: BearerTokenOptions["getToken"] = async () => {
    asked.resolve();
    return { token: await token.promise };
  };
  return { getToken, asked: asked.promise, give: () => token.resolve("t0ken") };
}

/** As an interceptor further inside may do with messages. */
const shout: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    sendMessage: (message: Envelope, next) =>
      next({ ...message, text: message.text.toUpperCase() }),
  });

function collecting(received: string[]): Partial<FixtureHandlers> {
  const collect = ({ text }: Envelope): number => received.push(text);
  return {
    unary(call, callback) {
      collect(call.request);
      callback(null, call.request);
    },
    serverStream(call) {
      collect(call.request);
      call.end();
    },
    clientStream(call, callback) {
      call.on("data", collect);
      call.on("end", () => callback(null, Envelope.create()));
    },
    bidi(call) {
      call.on("data", collect);
      call.on("end", () => call.end());
    },
  };
}

function textsOf(kind: CallKind): string[] {
  return kind === "unary" || kind === "serverStream" ? ["A"] : ["A", "B", "C"];
}

describe("bearerToken", () => {
  it.each(callKinds)("sends the token, and no other: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([localToken(() => ({ token: "t0ken" }))]);
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer of-someone-else");
    for (let count = 0; count < 2; count += 1) {
      const { code } = await callFixture(client, kind, { metadata }).outcome;
      expect(code).toBe(status.OK);
    }
    const sent = arrivals.map(({ metadata: { authorization } }) => authorization);
    expect(sent).toEqual(["Bearer t0ken", "Bearer t0ken"]);
    expect(metadata.getMap()).toEqual({ authorization: "Bearer of-someone-else" });
  });

  it.each(callKinds)("loses and changes no message while a call waits: %s", async (kind) => {
    const received: string[] = [];
    const { getToken, asked, give } = heldToken();
    const { client, arrivals } = await serveArrivals([localToken(getToken), shout], {
      handlers: collecting(received),
    });
    const requests = [{ text: "a" }, { text: "b" }, { text: "c" }];
    const { outcome } = callFixture(client, kind, { requests });
    await asked;
    await delay(30);
    expect(arrivals).toEqual([]);
    give();
    expect((await outcome).code).toBe(status.OK);
    expect(received).toEqual(textsOf(kind));
    expect(arrivals).toMatchObject([{ metadata: { authorization: "Bearer t0ken" } }]);
  });

  it.each(callKinds)(
    "sends nothing of a call that is cancelled while it waits: %s",
    async (kind) => {
      const { getToken, asked, give } = heldToken();
      const { client, arrivals } = await serveArrivals([localToken(getToken)]);
      const call = callFixture(client, kind, { keepOpen: true });
      await asked;
      call.cancel();
      expect((await call.outcome).code).toBe(status.CANCELLED);
      give();
      expect((await callFixture(client, kind).outcome).code).toBe(status.OK);
      expect(arrivals).toHaveLength(1);
    },
  );

  it.each(callKinds)("waits until the deadline and no longer: %s", async (kind) => {
    const { getToken, asked } = heldToken();
    const { client, arrivals } = await serveArrivals([localToken(getToken)]);
    await connect(client);
    const { outcome } = callFixture(client, kind, { deadline: Date.now() + 300 });
    await asked;
    expect((await outcome).code).toBe(status.DEADLINE_EXCEEDED);
    expect(arrivals).toEqual([]);
  });

  it.each(callKinds)("sends no call without a token: %s", async (kind) => {
    const errors: unknown[] = [];
    const failures = [new Error("down"), new UnauthorizedError("revoked")];
    const fail = (): never => {
      throw failures[errors.length];
    };
    const interceptor = localToken(fail, { onError: (error) => errors.push(error) });
    const { client, arrivals } = await serveArrivals([interceptor]);
    expect((await callFixture(client, kind).outcome).code).toBe(status.UNAVAILABLE);
    expect((await callFixture(client, kind).outcome).code).toBe(status.UNAUTHENTICATED);
    expect([errors, arrivals]).toEqual([failures, []]);
  });

  it.each(callKinds)("gets another token once a server has refused one: %s", async (kind) => {
    let count = 0;
    const refusal = { code: status.UNAUTHENTICATED, details: "not you" };
    const { client, arrivals } = await serveArrivals(
      [localToken(() => ({ token: `t${++count}` }))],
      {
        handlers: {
          unary: (_call, callback) => callback(refusal),
          clientStream: (_call, callback) => callback(refusal),
          serverStream: (call) => call.emit("error", refusal),
          bidi: (call) => call.emit("error", refusal),
        },
      },
    );
    expect((await callFixture(client, kind).outcome).code).toBe(status.UNAUTHENTICATED);
    await callFixture(client, kind).outcome;
    // No replay: one call, one arrival.
    const sent = arrivals.map(({ metadata: { authorization } }) => authorization);
    expect(sent).toEqual(["Bearer t1", "Bearer t2"]);
  });

  it("leaves a call alone that has credentials of its own", async () => {
    const { client, arrivals } = await serveArrivals([localToken(() => ({ token: "t0ken" }))]);
    const own = new Metadata();
    own.set("authorization", "Basic b3du");
    const callCredentials = credentials.createFromMetadataGenerator((_options, callback) =>
      callback(null, own),
    );
    await callFixture(client, "unary", { credentials: callCredentials }).outcome;
    expect(arrivals).toMatchObject([{ metadata: { authorization: "Basic b3du" } }]);
  });

  it("D14 shows the token in no error and on no output", async () => {
    const sinks: string[] = [];
    const write = (...parts: unknown[]): boolean => sinks.push(parts.join(" ")) > 0;
    vi.spyOn(process.stderr, "write").mockImplementation(write as never);
    vi.spyOn(process.stdout, "write").mockImplementation(write as never);
    for (const name of ["error", "warn", "info", "log"] as const) {
      vi.spyOn(console, name).mockImplementation(write);
    }
    const refuse = { code: status.UNAUTHENTICATED, details: "not you" };
    const tokens = ["S3CR3T", "S3CR3T", "S3CR3Tä", "S3CR3T\r\n", new Error("S3CR3T")];
    for (const token of tokens) {
      const interceptor = localToken(() => {
        if (token instanceof Error) {
          throw token;
        }
        return { token };
      });
      const { client, server } = await serveArrivals([interceptor], {
        handlers: { unary: (_call, callback) => callback(refuse), serverStream: () => {} },
      });
      const deadline = Date.now() + 100;
      const calls = [
        callFixture(client, "unary").outcome,
        callFixture(client, "serverStream", { deadline }).outcome,
      ];
      for (const { code, details, trailers } of await Promise.all(calls)) {
        expect(code).not.toBe(status.OK);
        sinks.push(details, JSON.stringify(trailers));
      }
      server.forceShutdown();
      sinks.push((await callFixture(client, "unary").outcome).details);
    }
    expect(sinks.length).toBeGreaterThan(20);
    expect(sinks.join("\n")).not.toContain("S3CR3T");
    expect(sinks.join("\n")).toContain("bearerToken could not get a token");
  });
});
