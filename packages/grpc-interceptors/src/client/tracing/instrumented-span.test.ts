import { ROOT_CONTEXT, type Span, SpanKind, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { spansBesideInstrumentation } from "../../../test/tracing-process.ts";
import type { SentSpan } from "../../../test/tracing-sent-span.ts";
import { collectSpans } from "../../../test/tracing-setup.ts";
import type { Method } from "../../method.ts";
import { hasInstrumentedSpan } from "./instrumented-span.ts";

const instrumentation = "@opentelemetry/instrumentation-grpc";
const ours = "@grpc-kit/grpc-interceptors";

/** How many spans of a kind came of whom, in four calls. */
function counts(spans: readonly SentSpan[], kind: SpanKind): Record<string, number> {
  const counted: Record<string, number> = { [ours]: 0, [instrumentation]: 0 };
  for (const { scope } of spans.filter((span) => span.kind === kind)) {
    counted[scope] = (counted[scope] ?? 0) + 1;
  }
  return counted;
}

describe("hasInstrumentedSpan", () => {
  const path = "/examples.ItemService/GetItem";
  const method: Method = { path, service: "examples.ItemService", name: "GetItem", kind: "unary" };
  const name = "grpc.examples.ItemService/GetItem";
  const { tracerProvider } = collectSpans().options;
  const begin = (scope: string, of: string, kind: SpanKind): Span =>
    tracerProvider.getTracer(scope).startSpan(of, { kind });
  const ended = begin(instrumentation, name, SpanKind.CLIENT);
  ended.end();

  it.each([
    ["the call's own", begin(instrumentation, name, SpanKind.CLIENT), true],
    ["one of the call that is served", begin(instrumentation, name, SpanKind.SERVER), false],
    ["one of a call before", ended, false],
    ["one of another method", begin(instrumentation, "grpc.a.B/C", SpanKind.CLIENT), false],
    ["somebody else's", begin("somebody", name, SpanKind.CLIENT), false],
    ["one that is not sampled", trace.wrapSpanContext(ended.spanContext()), false],
  ])("%s", (_whose, span, expected) => {
    expect(hasInstrumentedSpan(trace.setSpan(ROOT_CONTEXT, span), method)).toBe(expected);
  });
});

describe("beside @opentelemetry/instrumentation-grpc", () => {
  it("makes one client and one server span for each call where that ignores gRPC methods", async () => {
    const spans = await spansBesideInstrumentation("ignoring");
    expect(counts(spans, SpanKind.CLIENT)).toEqual({ [ours]: 4, [instrumentation]: 0 });
    expect(counts(spans, SpanKind.SERVER)).toEqual({ [ours]: 4, [instrumentation]: 0 });
  });

  it("leaves clients' spans to it where it makes them, and cannot keep it from servers'", async () => {
    const spans = await spansBesideInstrumentation("tracing");
    expect(counts(spans, SpanKind.CLIENT)).toEqual({ [ours]: 0, [instrumentation]: 4 });
    expect(counts(spans, SpanKind.SERVER)).toEqual({ [ours]: 4, [instrumentation]: 4 });
    const clients = spans.filter(({ kind }) => kind === SpanKind.CLIENT);
    const parents = spans
      .filter(({ kind, scope }) => kind === SpanKind.SERVER && scope === ours)
      .map(({ parentSpanId }) => parentSpanId);
    expect(parents.sort()).toEqual(clients.map(({ spanId }) => spanId).sort());
  });
});
