import { Metadata, type ServerInterceptor, status } from "@grpc/grpc-js";
import {
  currentCall,
  identityKey,
  type Logger,
  loggerKey,
  requestIdKey,
} from "@grpc-kit/grpc-context";
import { UnauthorizedError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { pino } from "pino";
import { Registry } from "prom-client";
import { describe, expect, it, vi } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import { authorize } from "./authorize.ts";
import type { ServerHook } from "./call-hook.ts";
import { metrics } from "./metrics/index.ts";
import { observingInterceptor } from "./observing-interceptor.ts";
import { serverInterceptor } from "./server-interceptor.ts";
import { type StandardServerOptions, standardServerInterceptors } from "./standard.ts";

const identify: ServerHook = ({ metadata, values }) => {
  const [subject] = metadata.get("x-subject");
  if (subject === undefined) {
    throw new UnauthorizedError("who are you");
  }
  values.set(identityKey, { subject: String(subject), scopes: ["read"], claims: {} });
  return undefined;
};

function standard(options: Partial<StandardServerOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) });
  const register = new Registry();
  const set = standardServerInterceptors({
    logger,
    metrics: metrics({ register }),
    auth: serverInterceptor(identify),
    authorize: authorize({ rules: { "/fixtures.FixtureService/*": { scopes: ["read"] } } }),
    ...options,
  });
  return { set, lines, register };
}

function calledBy(subject: string): Metadata {
  const metadata = new Metadata();
  metadata.set("x-subject", subject);
  return metadata;
}

describe("standardServerInterceptors", () => {
  it("is one interceptor for grpc-js, with an observer for each that observes", () => {
    const { set } = standard();
    expect(set.interceptors).toHaveLength(1);
    expect(set.observers).toHaveLength(2);
    expect(
      standardServerInterceptors({ logger: pino({ enabled: false }) }).interceptors,
    ).toHaveLength(1);
  });

  it.each(callKinds)(
    "counts, logs and names a call that is refused further inside: %s",
    async (kind) => {
      const { set, lines, register } = standard();
      const { client } = await serveFixture({ interceptors: set.interceptors });
      const { code, details, trailers } = await callFixture(client, kind).outcome;
      expect([code, details]).toEqual([status.UNAUTHENTICATED, "who are you"]);
      await expect
        .poll(() => lines)
        .toMatchObject([
          { "grpc.code": "UNAUTHENTICATED", request_id: trailers.get("x-request-id")[0] },
        ]);
      expect(await register.metrics()).toMatch(
        /grpc_server_handled_total\{[^}]*grpc_code="Unauthenticated"[^}]*\} 1\n/,
      );
    },
  );

  it("leaves identity, request id and logger for handlers", async () => {
    const { set, lines } = standard();
    const { client } = await serveFixture({
      interceptors: set.interceptors,
      handlers: {
        unary(call, callback) {
          const served = currentCall();
          served?.get(loggerKey)?.info({ subject: served.get(identityKey)?.subject }, "in handler");
          expect(served?.get(requestIdKey)).toBe("r-1");
          callback(null, call.request);
        },
      },
    });
    const metadata = calledBy("ada");
    metadata.set("x-request-id", "r-1");
    const { code, trailers } = await callFixture(client, "unary", { metadata }).outcome;
    expect([code, trailers.get("x-request-id")]).toEqual([status.OK, ["r-1"]]);
    await expect
      .poll(() => lines)
      .toMatchObject([
        { msg: "in handler", subject: "ada", request_id: "r-1" },
        { msg: "finished call", "grpc.code": "OK", request_id: "r-1" },
      ]);
  });

  it("C5: logs once, and in full, what a caller is not told", async () => {
    const { set, lines } = standard();
    const broken: ServerInterceptor = serverInterceptor(() => {
      throw new Error("S3CR3T", { cause: new Error("below") });
    });
    const { client } = await serveFixture({ interceptors: [...set.interceptors, broken] });
    const { code, details } = await callFixture(client, "unary", { metadata: calledBy("ada") })
      .outcome;
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    await expect.poll(() => lines.length).toBe(2);
    const [hidden, finished] = lines;
    expect(hidden).toMatchObject({
      level: 50,
      err: { message: expect.stringContaining("S3CR3T") },
    });
    expect(JSON.stringify(hidden)).toContain("below");
    expect(finished).toMatchObject({ error_id: hidden?.error_id, "grpc.code": "INTERNAL" });
    expect(JSON.stringify(finished)).not.toContain("S3CR3T");
  });

  it("tells all that observes of the calls that no interceptor sees", () => {
    const seen: string[] = [];
    const observing = (name: string) =>
      observingInterceptor(() => undefined, { onEnd: () => seen.push(name) });
    const { set, lines } = standard({
      tracing: observing("tracing"),
      metrics: observing("metrics"),
    });
    const call = { method: "_OTHER", kind: undefined, peer: "unknown", headers: {} };
    for (const observer of set.observers) {
      observer.onEnd(call, { code: status.UNIMPLEMENTED, durationMs: 1, isIntercepted: false });
    }
    expect([seen, lines.length]).toEqual([["tracing", "metrics"], 1]);
  });

  it("logs what a server hides by the logger of its call", () => {
    const { set, lines } = standard();
    const error = vi.fn();
    const own: Logger = { debug: error, info: error, warn: error, error };
    const call = { path: "/a.B/C", get: <Value>() => own as Value };
    set.onError(new Error("S3CR3T"), call, "id-1");
    set.onError(new Error("S3CR3T"), { ...call, get: () => undefined }, "id-2");
    expect(error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ "grpc.path": "/a.B/C", error_id: "id-1" }),
      "a failure is hidden from its caller",
    );
    expect(lines).toMatchObject([{ error_id: "id-2", err: { message: "S3CR3T" } }]);
  });

  it("lets the health protocol pass by what it has no credentials for", async () => {
    const refuse = serverInterceptor(() => {
      throw new UnauthorizedError("no place");
    });
    const validated: string[] = [];
    const validation = serverInterceptor(({ method }) => {
      validated.push(method.path);
      return undefined;
    });
    const { set } = standard({ concurrencyLimit: refuse, rateLimit: refuse, validation });
    const asked: string[] = [];
    const [interceptor] = set.interceptors;
    for (const path of ["/grpc.health.v1.Health/Check", "/grpc.health.v1.HealthReport/Check"]) {
      const { client, server } = await serveFixture({
        interceptors: [interceptor as ServerInterceptor],
      });
      server.register(
        path,
        (_call: unknown, callback: (error: null, reply: Buffer) => void) => {
          asked.push(path);
          callback(null, Buffer.alloc(0));
        },
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        "unary",
      );
      await new Promise((resolve) => {
        client.makeUnaryRequest(
          path,
          (bytes) => bytes,
          (bytes) => bytes,
          Buffer.alloc(0),
          resolve,
        );
      });
    }
    expect(asked).toEqual(["/grpc.health.v1.Health/Check"]);
    expect(validated).toEqual(asked);
  });
});
