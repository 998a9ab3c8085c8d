import type { SpanKind } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** A span, as it goes from process to process. */
export interface SentSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
}

export function toSentSpan(span: ReadableSpan): SentSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: span.kind,
    scope: span.instrumentationScope.name,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
  };
}

/** What was active in a handler. */
export interface SeenContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState: string | undefined;
  readonly baggage: Readonly<Record<string, string>>;
}

/** What a handler of the traced service answers: what it saw, and what the next service saw. */
export interface SeenContexts {
  readonly own: SeenContext;
  readonly next: SeenContext;
}
