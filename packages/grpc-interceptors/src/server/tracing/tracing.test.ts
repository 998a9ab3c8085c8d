import { setTimeout as delay } from "node:timers/promises";
import { Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { type TraceIds, traceKey } from "@grpc-kit/grpc-context";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { hrTimeToMilliseconds } from "@opentelemetry/core";
import { AlwaysOnSampler, type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { collectSpans, useContextManager } from "../../../test/tracing-setup.ts";
import type { CallOutcome, ServerHook } from "../call-hook.ts";
import { fuse, serverInterceptor } from "../server-interceptor.ts";
import { tracing } from "./tracing.ts";

useContextManager();

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function withHeaders(headers: Record<string, string>): { metadata: Metadata } {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) {
    metadata.set(key, value);
  }
  return { metadata };
}

function outcomes(seen: CallOutcome[]): ServerHook {
  return () => ({ onEnd: (outcome) => seen.push(outcome) });
}

describe("tracing", () => {
  it.each(callKinds)("makes one span, as the conventions have it: %s", async (kind) => {
    const { exporter, options } = collectSpans();
    const seen: CallOutcome[] = [];
    const interceptors = [serverInterceptor(outcomes(seen)), tracing(options)];
    const { client, port } = await serveFixture({ interceptors });
    const { code } = await callFixture(client, kind, withHeaders({ traceparent })).outcome;
    expect(code).toBe(status.OK);
    await expect.poll(() => [seen.length, exporter.getFinishedSpans().length]).toEqual([1, 1]);
    const [span] = exporter.getFinishedSpans();
    const method = `fixtures.FixtureService/${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    expect(span).toMatchObject({
      name: method,
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: { traceId: traceparent.slice(3, 35), spanId: "b7ad6b7169203331" },
      links: [],
      events: [],
      instrumentationScope: { name: "@grpc-kit/grpc-interceptors" },
    });
    expect(span?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": method,
      "server.address": "127.0.0.1",
      "server.port": port,
      "network.peer.address": "127.0.0.1",
      "network.peer.port": expect.any(Number),
      "rpc.response.status_code": "OK",
    });
  });

  it("lasts as long as the call, to what its interceptor measures", async () => {
    const { exporter, options } = collectSpans();
    const seen: CallOutcome[] = [];
    const measured = serverInterceptor(outcomes(seen));
    const { client } = await serveFixture({
      interceptors: fuse([tracing(options), measured]),
      handlers: {
        unary: (call, callback) => void delay(30).then(() => callback(null, call.request)),
      },
    });
    const before = Date.now();
    await callFixture(client, "unary").outcome;
    await expect.poll(() => [seen.length, exporter.getFinishedSpans().length]).toEqual([1, 1]);
    const [span] = exporter.getFinishedSpans();
    const durationMs = hrTimeToMilliseconds(span?.duration ?? [0, 0]);
    expect(Math.abs(durationMs - (seen[0]?.durationMs ?? 0))).toBeLessThan(0.001);
    expect(Math.abs(hrTimeToMilliseconds(span?.startTime ?? [0, 0]) - before)).toBeLessThan(5_000);
  });

  it("shows samplers what is known at the start", async () => {
    const shown: unknown[] = [];
    const sampler: Sampler = {
      shouldSample(_context, _traceId, name, kind, attributes) {
        shown.push([name, kind, { ...attributes }]);
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
      toString: () => "recording",
    };
    const interceptors = [tracing(collectSpans(sampler).options)];
    const { client, port } = await serveFixture({ interceptors });
    await callFixture(client, "unary").outcome;
    const attributes = {
      "rpc.system.name": "grpc",
      "rpc.method": "fixtures.FixtureService/Unary",
      "server.address": "127.0.0.1",
      "server.port": port,
    };
    expect(shown).toEqual([["fixtures.FixtureService/Unary", SpanKind.SERVER, attributes]]);
  });

  it("says which server each caller meant", async () => {
    const { exporter, options } = collectSpans();
    const { client } = await serveFixture({ interceptors: [tracing(options)] });
    for (const host of ["items.example.com:443", "[::1]:50051", "items", "x".repeat(300)]) {
      await callFixture(client, "unary", { host }).outcome;
    }
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(4);
    const servers = exporter
      .getFinishedSpans()
      .map(({ attributes }) => [attributes["server.address"], attributes["server.port"]]);
    expect(servers).toEqual([
      ["items.example.com", 443],
      ["::1", 50_051],
      ["items", undefined],
      [undefined, undefined],
    ]);
  });

  it("sees calls that interceptors further inside refuse", async () => {
    const { exporter, options } = collectSpans();
    const refuse: ServerHook = () => {
      throw new NotFoundError("not here");
    };
    const interceptors = [tracing(options), serverInterceptor(refuse)];
    const { client } = await serveFixture({ interceptors });
    await callFixture(client, "unary").outcome;
    await expect
      .poll(() => exporter.getFinishedSpans())
      .toMatchObject([{ attributes: { "rpc.response.status_code": "NOT_FOUND" } }]);
  });

  it("tells interceptors further inside which span it is", async () => {
    const { exporter, options } = collectSpans();
    const told: (TraceIds | undefined)[] = [];
    const ask: ServerHook = ({ values }) => {
      told.push(values.get(traceKey));
      return undefined;
    };
    const { client } = await serveFixture({
      interceptors: [tracing(options), serverInterceptor(ask)],
    });
    await callFixture(client, "unary").outcome;
    const unsampled = withHeaders({ traceparent: traceparent.replace(/01$/, "00") });
    await callFixture(client, "unary", unsampled).outcome;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    const { traceId, spanId } = exporter.getFinishedSpans()[0]?.spanContext() ?? {};
    expect(told).toEqual([
      { traceId, spanId, isSampled: true },
      { traceId: traceparent.slice(3, 35), spanId: expect.any(String), isSampled: false },
    ]);
  });

  it("makes no span of methods that are filtered out, and passes on their trace", async () => {
    const { exporter, options } = collectSpans();
    const active: unknown[] = [];
    const { client } = await serveFixture({
      interceptors: [tracing({ ...options, filter: ({ kind }) => kind !== "unary" })],
      handlers: {
        unary(call, callback) {
          active.push(trace.getActiveSpan()?.spanContext().spanId);
          callback(null, call.request);
        },
      },
    });
    await callFixture(client, "unary").outcome;
    await callFixture(client, "unary", withHeaders({ traceparent })).outcome;
    await callFixture(client, "bidi").outcome;
    await expect
      .poll(() => exporter.getFinishedSpans().map(({ name }) => name))
      .toEqual(["fixtures.FixtureService/Bidi"]);
    expect(active).toEqual([undefined, "b7ad6b7169203331"]);
  });

  it.each([
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  ])("makes no span of %s", async (method) => {
    const { exporter, options } = collectSpans();
    const { client, server } = await serveFixture({ interceptors: [tracing(options)] });
    const same = (bytes: Buffer) => bytes;
    server.register(
      `/${method}`,
      ({ request }: ServerUnaryCall<Buffer, Buffer>, callback: (error: null, b: Buffer) => void) =>
        callback(null, request),
      same,
      same,
      "unary",
    );
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(`/${method}`, same, same, Buffer.from("a"), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    await callFixture(client, "unary").outcome;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    expect(exporter.getFinishedSpans()[0]?.name).toBe("fixtures.FixtureService/Unary");
  });

  it("records the metadata that it is told to", async () => {
    const { exporter, options } = collectSpans();
    const requestMetadata = ["X-Tenant", "x-absent", "x-long"];
    const interceptors = [tracing({ ...options, requestMetadata })];
    const { client } = await serveFixture({ interceptors });
    const metadata = withHeaders({
      "x-tenant": "a, b",
      "x-other": "c",
      "x-long": "d".repeat(3000),
    });
    await callFixture(client, "unary", metadata).outcome;
    await expect
      .poll(() => exporter.getFinishedSpans().map(({ attributes }) => attributes))
      .toMatchObject([{ "rpc.request.metadata.x-tenant": ["a, b"] }]);
    const attributes = exporter.getFinishedSpans()[0]?.attributes ?? {};
    expect(attributes["rpc.request.metadata.x-long"]).toEqual(["d".repeat(1024)]);
    expect(Object.keys(attributes).filter((key) => key.includes("metadata"))).toHaveLength(2);
  });

  it.each([
    "authorization",
    "Authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "client-secret",
    "x-session-id",
    "trace-bin",
  ])("D14 refuses to record %s", (key) => {
    expect(() => tracing({ requestMetadata: ["x-tenant", key] })).toThrow(RangeError);
  });

  it("refuses what is no key of metadata", () => {
    expect(() => tracing({ requestMetadata: ["a b"] })).toThrow(/requestMetadata .*"a b"/);
  });

  it("leaves calls alone where there is no SDK", async () => {
    const told: unknown[] = [];
    const ask: ServerHook = ({ values }) => {
      told.push(values.get(traceKey), trace.getActiveSpan()?.spanContext().spanId);
      return undefined;
    };
    const { client } = await serveFixture({ interceptors: [tracing(), serverInterceptor(ask)] });
    const { code } = await callFixture(client, "unary").outcome;
    expect([code, told]).toEqual([status.OK, [undefined, undefined]]);
  });

  it("finds the global provider even when it is registered later", async () => {
    const interceptors = [tracing()];
    const { exporter, options } = collectSpans(new AlwaysOnSampler());
    trace.setGlobalTracerProvider(options.tracerProvider);
    try {
      const { client } = await serveFixture({ interceptors });
      await callFixture(client, "unary").outcome;
      await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    } finally {
      trace.disable();
    }
  });
});
