import { Metadata, status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { context, propagation } from "@opentelemetry/api";
import { TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import fc, { assert, asyncProperty, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../../test/serve-fixture.ts";
import { w3c } from "../../../test/tracing-propagator.ts";
import { collectSpans, useContextManager } from "../../../test/tracing-setup.ts";
import { tracing as clientTracing } from "../../client/tracing/tracing.ts";
import type { ServerHook } from "../call-hook.ts";
import { serverInterceptor } from "../server-interceptor.ts";
import { tracing } from "./tracing.ts";

useContextManager();

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const valid = `00-${traceId}-${spanId}-01`;

const poisoned: Record<string, string[]> = {
  empty: [""],
  "not hexadecimal": [valid.replace("af", "zz")],
  "upper case": [valid.toUpperCase()],
  "version ff": [valid.replace("00", "ff")],
  "a trace of zeros": [`00-${"0".repeat(32)}-${spanId}-01`],
  "a span of zeros": [`00-${traceId}-${"0".repeat(16)}-01`],
  "too short": [valid.slice(0, -1)],
  "too long": [`${valid}-00`],
  long: [valid.repeat(100)],
  "two in one": [`${valid}, ${valid.replace("b7", "b8")}`],
  "two headers": [valid, valid.replace("b7", "b8")],
  "the same twice": [valid, valid],
};

function withHeaders(headers: Record<string, readonly string[]>): { metadata: Metadata } {
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(headers)) {
    for (const value of values) {
      metadata.add(key, value);
    }
  }
  return { metadata };
}

describe("the caller's context", () => {
  it.each(Object.entries(poisoned))(
    "E7 traceparent: %s begins a new trace",
    async (_name, value) => {
      const { exporter, options } = collectSpans();
      const { client } = await serveFixture({ interceptors: [tracing(options)] });
      const call = callFixture(client, "unary", withHeaders({ traceparent: value }));
      expect((await call.outcome).code).toBe(status.OK);
      await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
      const [span] = exporter.getFinishedSpans();
      expect(span?.parentSpanContext).toBeUndefined();
      expect(span?.spanContext().traceId).not.toBe(traceId);
    },
  );

  it("E7 no text of a header harms a call", async () => {
    const { exporter, options } = collectSpans();
    const { client } = await serveFixture({ interceptors: [tracing(options)] });
    const text = string({ unit: "grapheme-ascii", maxLength: 300 });
    await assert(
      asyncProperty(text, text, text, async (traceparent, tracestate, baggage) => {
        const headers = {
          traceparent: [traceparent],
          tracestate: [tracestate],
          baggage: [baggage],
        };
        const { code } = await callFixture(client, "unary", withHeaders(headers)).outcome;
        expect(code).toBe(status.OK);
      }),
      { numRuns: 300 },
    );
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(300);
  });

  it("E7 nor does text that only node lets through", () => {
    const { exporter, options } = collectSpans();
    const { observer } = tracing(options);
    const text = string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, text, text, (traceparent, tracestate, baggage, path) => {
        const headers = {
          traceparent,
          tracestate: [tracestate, valid],
          baggage,
          ":path": path,
          ":authority": path,
        };
        const call = { method: "_OTHER", kind: undefined, peer: path, headers };
        const outcome = { code: status.UNIMPLEMENTED, durationMs: 1, isIntercepted: false };
        observer.onEnd(call, outcome);
      }),
      { numRuns: 1000 },
    );
    expect(exporter.getFinishedSpans()).toHaveLength(1000);
  });

  it("begins a new trace when the propagator throws", async () => {
    const { exporter, options } = collectSpans();
    const propagator = {
      ...w3c,
      extract() {
        throw new Error("cannot read this");
      },
    };
    const { client } = await serveFixture({ interceptors: [tracing({ ...options, propagator })] });
    const call = callFixture(client, "unary", withHeaders({ traceparent: [valid] }));
    expect((await call.outcome).code).toBe(status.OK);
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(1);
  });

  it("E7 a public endpoint takes neither parent nor state nor baggage, and links", async () => {
    const { exporter, options } = collectSpans();
    const baggages: unknown[] = [];
    const { client } = await serveFixture({
      interceptors: [
        tracing({
          ...options,
          isPublicEndpoint: ({ metadata }) => metadata.get("x-from")[0] === "outside",
        }),
      ],
      handlers: {
        unary(call, callback) {
          baggages.push(propagation.getBaggage(context.active())?.getAllEntries().length);
          callback(null, call.request);
        },
      },
    });
    const headers = { traceparent: [valid], tracestate: ["a=b"], baggage: ["user=1"] };
    await callFixture(client, "unary", withHeaders({ ...headers, "x-from": ["inside"] })).outcome;
    await callFixture(client, "unary", withHeaders({ ...headers, "x-from": ["outside"] })).outcome;
    await callFixture(client, "unary", withHeaders({ "x-from": ["outside"] })).outcome;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(3);
    const [inside, outside, unlinked] = exporter.getFinishedSpans();
    expect(inside?.parentSpanContext).toMatchObject({ traceId, spanId });
    expect(inside?.links).toEqual([]);
    expect(outside?.parentSpanContext).toBeUndefined();
    expect(outside?.spanContext().traceState).toBeUndefined();
    expect(outside?.links).toMatchObject([{ context: { traceId, spanId } }]);
    expect(unlinked?.links).toEqual([]);
    expect(baggages).toEqual([1, undefined, undefined]);
  });

  it("E7 10,000 callers that force sampling change nothing at a public endpoint", async () => {
    const { exporter, options } = collectSpans(new TraceIdRatioBasedSampler(0.1));
    const { client } = await serveFixture({
      interceptors: [tracing({ ...options, isPublicEndpoint: () => true })],
    });
    // The sampler would take this one: it looks at the trace id alone.
    const forced = withHeaders({ traceparent: [`00-${"0".repeat(31)}1-${spanId}-01`] });
    for (let made = 0; made < 10_000; made += 100) {
      const calls = Array.from({ length: 100 }, () => callFixture(client, "unary", forced).outcome);
      await Promise.all(calls);
    }
    await expect.poll(() => exporter.getFinishedSpans().length).toBeGreaterThan(700);
    // 0.1, and seven standard deviations.
    expect(exporter.getFinishedSpans().length).toBeLessThan(1_210);
  }, 60_000);

  it.each([
    ["60 KB", "k=".padEnd(60_000, "x")],
    ["60 KB in small members", Array.from({ length: 4000 }, (_, i) => `k${i}=v${i}`).join(",")],
    ["8,193 bytes", `${"a=".padEnd(4096, "x")},${"b=".padEnd(4096, "x")}`],
    ["181 members", Array.from({ length: 181 }, (_, i) => `k${i}=v`).join(",")],
  ])("E8 baggage of %s is dropped, and sent to nobody", async (_name, baggage) => {
    const { exporter, options } = collectSpans();
    const told: unknown[] = [];
    const ask: ServerHook = ({ metadata }) => {
      told.push([metadata.get("baggage"), propagation.getBaggage(context.active())]);
      return undefined;
    };
    const next = await serveFixture({
      interceptors: [serverInterceptor(ask)],
      clientInterceptors: [clientTracing(options)],
    });
    const { client } = await serveFixture({
      interceptors: [tracing(options), serverInterceptor(ask)],
      handlers: {
        async unary(call, callback) {
          await callFixture(next.client, "unary").outcome;
          callback(null, call.request);
        },
      },
    });
    const headers = { traceparent: [valid], baggage: [baggage] };
    const { code } = await callFixture(client, "unary", withHeaders(headers)).outcome;
    expect(code).toBe(status.OK);
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(2);
    expect(told).toEqual([
      [[baggage], undefined],
      [[], undefined],
    ]);
    expect(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toEqual([
      traceId,
      traceId,
    ]);
  });

  it.each([
    [
      "180 members",
      180,
      Array.from({ length: 180 }, (_, i) => `k${i}=v`.padEnd(40, "v")).join(","),
    ],
    ["8,192 bytes", 2, `${"a=".padEnd(4095, "v")},${"b=".padEnd(4096, "v")}`],
  ])("E8 baggage of %s is taken, and passed on", async (_name, members, baggage) => {
    const { options } = collectSpans();
    const told: unknown[] = [];
    const ask: ServerHook = ({ metadata }) => {
      told.push(metadata.get("baggage"));
      return undefined;
    };
    const next = await serveFixture({
      interceptors: [serverInterceptor(ask)],
      clientInterceptors: [clientTracing(options)],
    });
    const { client } = await serveFixture({
      interceptors: [tracing(options)],
      handlers: {
        async unary(call, callback) {
          told.push(propagation.getBaggage(context.active())?.getAllEntries().length);
          await callFixture(next.client, "unary").outcome;
          callback(null, call.request);
        },
      },
    });
    await callFixture(client, "unary", withHeaders({ baggage: [baggage] })).outcome;
    expect(told).toEqual([members, [baggage]]);
  });
});
