import { once } from "node:events";
import { connect } from "node:http2";
import { Metadata, status } from "@grpc/grpc-js";
import { tracing } from "@grpc-kit/grpc-interceptors/server/tracing";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveStandard, sumsOf } from "./serve-standard.ts";

function traced() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  return { exporter, tracing: tracing({ tracerProvider }) };
}

async function callPath(port: number, paths: readonly string[]): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  for (const path of paths) {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.end(Buffer.alloc(5));
    await once(stream.resume(), "close");
  }
  session.close();
}

describe("calls that no interceptor sees", () => {
  it("E1, E2: unknown methods are counted, logged and traced once, in one series", async () => {
    const { exporter, ...options } = traced();
    const { port, registry, lines } = await serveStandard({}, options);
    const before = (await registry.metrics()).length;
    await callPath(
      port,
      Array.from({ length: 100 }, (_, index) => `/no.Such/Method${index}`),
    );
    await expect
      .poll(() => sumsOf(registry, "grpc_server_handled_total"))
      .toEqual(new Map([["unknown Unimplemented", 100]]));
    const first = (await registry.metrics()).length;
    await callPath(
      port,
      Array.from({ length: 100 }, (_, index) => `/no.Other/Method${index}`),
    );
    await expect
      .poll(async () => (await sumsOf(registry, "grpc_server_started_total")).get("unknown"))
      .toBe(200);
    const metricsText = await registry.metrics();
    expect(first).toBeGreaterThan(before);
    expect(metricsText.length - first).toBeLessThan(200);
    expect(metricsText).not.toContain("Method7");
    const finished = lines.filter(({ message }) => message === "finished call");
    expect(finished).toHaveLength(200);
    expect(finished[7]).toMatchObject({ "grpc.code": "UNIMPLEMENTED", level: "error" });
    const spans = exporter.getFinishedSpans();
    expect(spans).toHaveLength(200);
    expect(spans[0]).toMatchObject({
      attributes: { "rpc.method": "_OTHER" },
      status: { code: SpanStatusCode.ERROR },
    });
  });

  it("F1: calls that the server refuses are counted, logged and traced once", async () => {
    const { exporter, ...options } = traced();
    const { client, registry, lines } = await serveStandard({}, options, { maxMetadataBytes: 600 });
    const metadata = new Metadata();
    metadata.set("x-large", "x".repeat(600));
    for (const kind of callKinds) {
      const { code } = await callFixture(client, kind, { metadata }).outcome;
      expect(code).toBe(status.RESOURCE_EXHAUSTED);
    }
    await expect
      .poll(() => sumsOf(registry, "grpc_server_handled_total"))
      .toEqual(
        new Map(
          ["Unary", "ServerStream", "ClientStream", "Bidi"].map((name) => [
            `${name} ResourceExhausted`,
            1,
          ]),
        ),
      );
    expect(lines.filter(({ message }) => message === "finished call")).toHaveLength(4);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(
      ["Unary", "ServerStream", "ClientStream", "Bidi"].map(
        (name) => `fixtures.FixtureService/${name}`,
      ),
    );
  });
});

describe("the span of a call", () => {
  it.each(callKinds)("is active in handlers and generators: %s", async (kind) => {
    const { exporter, ...options } = traced();
    const seen: (string | undefined)[] = [];
    const look = async () => {
      seen.push(trace.getActiveSpan()?.spanContext().spanId);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(trace.getActiveSpan()?.spanContext().spanId);
    };
    const { client } = await serveStandard(
      {
        async unary(request) {
          await look();
          return request;
        },
        async *serverStream(request) {
          await look();
          yield request;
          await look();
        },
        async clientStream(requests) {
          let last: unknown;
          for await (const request of requests) {
            await look();
            last = request;
          }
          return last as never;
        },
        async *bidi(requests) {
          for await (const request of requests) {
            await look();
            yield request;
          }
          await look();
        },
      },
      options,
    );
    expect((await callFixture(client, kind, { requests: [{}, {}] }).outcome).code).toBe(0);
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    const spanId = exporter.getFinishedSpans()[0]?.spanContext().spanId;
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(new Set(seen)).toEqual(new Set([spanId]));
  });

  it("takes as long as the metrics say, and is in the log and the error", async () => {
    const { exporter, ...options } = traced();
    const { client, registry, lines } = await serveStandard(
      {
        unary() {
          throw new Error("S3CR3T");
        },
      },
      options,
    );
    const { trailers } = await callFixture(client, "unary").outcome;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
    const [span] = exporter.getFinishedSpans();
    const [seconds = 0, nanos = 0] = span?.duration ?? [];
    const text = await registry.metrics();
    const sum = Number(/grpc_server_handling_seconds_sum\{[^}]*\} (\S+)/.exec(text)?.[1]);
    expect(sum).toBeCloseTo(seconds + nanos / 1e9, 4);
    const traceId = span?.spanContext().traceId;
    const finished = lines.find(({ message }) => message === "finished call");
    expect(finished).toMatchObject({ trace_id: traceId, "grpc.code": "INTERNAL", level: "error" });
    const hidden = lines.find(({ message }) => message === "a failure is hidden from its caller");
    expect(hidden).toMatchObject({
      error_id: finished?.error_id,
      trace_id: traceId,
      request_id: finished?.request_id,
      err: { message: "S3CR3T" },
    });
    expect(trailers.get("x-request-id")).toEqual([finished?.request_id]);
    expect(String(trailers.get("error-detail-bin")[0])).toContain(traceId);
  });
});
