import { type Context, type Span, SpanKind, trace } from "@opentelemetry/api";
import type { Method } from "../../method.ts";

/** What spans of OpenTelemetry's SDK tell beyond its API. */
type ReadableSpan = Span & {
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly instrumentationScope?: { readonly name: string };
};

/** Whether @opentelemetry/instrumentation-grpc has begun a span for this very call. */
export function hasInstrumentedSpan(active: Context, { path }: Method): boolean {
  const span: ReadableSpan | undefined = trace.getSpan(active);
  return (
    span !== undefined &&
    span.instrumentationScope?.name === "@opentelemetry/instrumentation-grpc" &&
    span.kind === SpanKind.CLIENT &&
    span.name === `grpc.${path.slice(1)}` &&
    span.isRecording()
  );
}
