import { setImmediate as turn } from "node:timers/promises";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { statusCodes } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { Envelope, FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { collectSpans, useContextManager } from "../../../test/tracing-setup.ts";
import type { ServerHook } from "../../server/call-hook.ts";
import { serverInterceptor } from "../../server/server-interceptor.ts";
import { tracing } from "./tracing.ts";

useContextManager();

/** Keeps what comes in headers of this name. */
function keep(key: string, seen: unknown[]): ServerHook {
  return ({ metadata }) => {
    seen.push(...metadata.get(key));
    return undefined;
  };
}

describe("tracing", () => {
  it.each(callKinds)("makes one span and sends it along: %s", async (kind) => {
    const { exporter, options } = collectSpans();
    const sent: unknown[] = [];
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(keep("traceparent", sent))],
      clientInterceptors: [tracing({ ...options, target: "dns:///items.example.com:443" })],
    });
    const metadata = new Metadata();
    metadata.set("traceparent", "somebody else's");
    const root = options.tracerProvider.getTracer("test").startSpan("root");
    await context.with(trace.setSpan(context.active(), root), async () => {
      await callFixture(client, kind, { metadata }).outcome;
    });
    const [span] = exporter.getFinishedSpans();
    const { traceId, spanId } = span?.spanContext() ?? {};
    const method = `fixtures.FixtureService/${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    expect(span).toMatchObject({
      name: method,
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: { traceId, spanId: root.spanContext().spanId },
      events: [],
      instrumentationScope: { name: "@grpc-kit/grpc-interceptors" },
    });
    expect(span?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": method,
      "server.address": "items.example.com",
      "server.port": 443,
      "rpc.response.status_code": "OK",
    });
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(sent).toEqual([`00-${traceId}-${spanId}-01`]);
    expect(metadata.get("traceparent")).toEqual(["somebody else's"]);
  });

  it.each(statusCodes.filter(({ code }) => code !== status.OK))(
    "counts every failure as an error: $name",
    async ({ code, name }) => {
      const { exporter, options } = collectSpans();
      const { client } = await serveFixture({
        clientInterceptors: [tracing(options)],
        handlers: { unary: (_call, callback) => callback({ code, details: "it is like this" }) },
      });
      await callFixture(client, "unary").outcome;
      expect(exporter.getFinishedSpans()).toMatchObject([
        {
          status: { code: SpanStatusCode.ERROR, message: "it is like this" },
          attributes: { "rpc.response.status_code": name, "error.type": name },
        },
      ]);
    },
  );

  it("ends the span of a call that its caller cancels, or that reaches nobody", async () => {
    const { exporter, options } = collectSpans();
    const started = Promise.withResolvers<void>();
    const { client } = await serveFixture({
      clientInterceptors: [tracing(options)],
      handlers: { bidi: () => started.resolve() },
    });
    const call = callFixture(client, "bidi");
    await started.promise;
    call.cancel();
    await call.outcome;
    const nobody = new FixtureServiceClient("127.0.0.1:1", credentials.createInsecure(), {
      interceptors: [tracing(options)],
    });
    onTestFinished(() => nobody.close());
    await callFixture(nobody, "unary").outcome;
    const codes = exporter.getFinishedSpans().map(({ attributes }) => attributes["error.type"]);
    expect(codes).toEqual(["CANCELLED", "UNAVAILABLE"]);
  });

  it("covers all the tries of one call, and does not count those that failed", async () => {
    const { exporter, options } = collectSpans();
    const sent: unknown[] = [];
    const { address } = await serveFixture({
      interceptors: [serverInterceptor(keep("traceparent", sent))],
      handlers: {
        unary(call, callback) {
          callback(sent.length < 3 ? { code: status.UNAVAILABLE } : null, call.request);
        },
      },
    });
    const retryPolicy = {
      maxAttempts: 4,
      initialBackoff: "0.01s",
      maxBackoff: "0.01s",
      backoffMultiplier: 1,
      retryableStatusCodes: ["UNAVAILABLE"],
    };
    const methodConfig = [{ name: [{}], retryPolicy }];
    const client = new FixtureServiceClient(address, credentials.createInsecure(), {
      "grpc.service_config": JSON.stringify({ methodConfig }),
      interceptors: [tracing(options)],
    });
    onTestFinished(() => client.close());
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect([sent.length, new Set(sent).size]).toEqual([3, 1]);
    expect(exporter.getFinishedSpans()).toMatchObject([
      { status: { code: SpanStatusCode.UNSET }, attributes: { "rpc.response.status_code": "OK" } },
    ]);
  });

  it("makes no span of methods that are filtered out, and sends the active one", async () => {
    const { exporter, options } = collectSpans();
    const sent: unknown[] = [];
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(keep("traceparent", sent))],
      clientInterceptors: [tracing({ ...options, filter: ({ name }) => name !== "Unary" })],
    });
    const root = options.tracerProvider.getTracer("test").startSpan("root");
    const { traceId, spanId } = root.spanContext();
    await context.with(
      trace.setSpan(context.active(), root),
      () => callFixture(client, "unary").outcome,
    );
    expect([sent, exporter.getFinishedSpans()]).toEqual([[`00-${traceId}-${spanId}-01`], []]);
  });

  it("tells the server that a trace is not sampled", async () => {
    const { exporter, options } = collectSpans(new AlwaysOffSampler());
    const sent: unknown[] = [];
    const { client } = await serveFixture({
      interceptors: [serverInterceptor(keep("traceparent", sent))],
      clientInterceptors: [tracing(options)],
    });
    await callFixture(client, "unary").outcome;
    expect(sent).toEqual([expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-00$/)]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it("sends calls whose baggage cannot be sent", async () => {
    const { exporter, options } = collectSpans();
    const { client } = await serveFixture({ clientInterceptors: [tracing(options)] });
    const { baggageEntryMetadataFromString } = await import("@opentelemetry/api");
    const baggage = propagation.createBaggage({
      user: { value: "1", metadata: baggageEntryMetadataFromString("naïve\n") },
    });
    const { code } = await context.with(
      propagation.setBaggage(context.active(), baggage),
      () => callFixture(client, "unary").outcome,
    );
    expect([code, exporter.getFinishedSpans().length]).toEqual([status.OK, 1]);
  });

  it("is not active in the caller's callbacks", async () => {
    const { options } = collectSpans();
    const { client } = await serveFixture({ clientInterceptors: [tracing(options)] });
    const root = options.tracerProvider.getTracer("test").startSpan("root");
    const active: unknown[] = [];
    const note = () => active.push(trace.getActiveSpan() === root);
    await context.with(trace.setSpan(context.active(), root), async () => {
      await new Promise<void>((resolve) => {
        client.unary(Envelope.create(), () => {
          note();
          resolve();
        });
      });
      await new Promise<void>((resolve) => {
        const call = client.bidi();
        call.on("data", note);
        call.on("end", () => {
          note();
          resolve();
        });
        call.write(Envelope.create());
        call.end();
      });
      await turn();
    });
    expect(active).toEqual([true, true, true]);
  });
});
