import { traceKey } from "@grpc-kit/grpc-context";
import { isServerFault } from "@grpc-kit/grpc-status";
import {
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type TextMapPropagator,
  TraceFlags,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Method } from "../../method.ts";
import { isHealthOrReflection, not } from "../../method-match.ts";
import { endSpan, linkTo, peerAttributes, scopeName } from "../../tracing/call-span.ts";
import type { CallHook, CallOutcome, InterceptedCall } from "../call-hook.ts";
import { type ObservingInterceptor, observingInterceptor } from "../observing-interceptor.ts";
import { callerContext, metadataGetter } from "./caller-context.ts";
import { MethodSpan } from "./method-span.ts";
import { requestAttributes } from "./request-attributes.ts";
import { traceUnseenCalls } from "./unseen-calls.ts";

export interface TracingOptions {
  /** Makes the spans. Default: the provider that is registered globally, before or after. */
  readonly tracerProvider?: TracerProvider;
  /** Reads the caller's trace and baggage. Default: the one that is registered globally. */
  readonly propagator?: TextMapPropagator;
  /**
   * Which methods have spans. A call without one still passes on the caller's trace.
   * Default: all but those of grpc.health.v1.Health and of reflection.
   */
  readonly filter?: (method: Method) => boolean;
  /**
   * Whether a call comes from where callers are not trusted. It begins a new trace, which links to
   * the caller's, and the caller has no say in whether it is sampled. The caller's baggage goes no
   * further. Where this is given, the calls that no interceptor sees all count as such.
   * Default: no call does.
   */
  readonly isPublicEndpoint?: (call: InterceptedCall) => boolean;
  /**
   * Keys of metadata to record as `rpc.request.metadata.<key>`. Those that may hold secrets, and
   * those that hold bytes, are refused. Default: [].
   */
  readonly requestMetadata?: readonly string[];
}

/**
 * One span for each call, as OpenTelemetry's conventions for gRPC have it, from its headers until its
 * stream has closed, whatever its kind: a stream that never ends never shows, unless `filter` leaves it
 * out. The span is active in everything further inside.
 */
export function tracing({
  tracerProvider = trace,
  propagator = propagation,
  filter = not(isHealthOrReflection),
  isPublicEndpoint,
  requestMetadata = [],
}: TracingOptions = {}): ObservingInterceptor {
  const tracer = tracerProvider.getTracer(scopeName);
  const captured = requestAttributes(requestMetadata);
  const methods = new Map<string, MethodSpan>();

  const hook = (call: InterceptedCall): CallHook | undefined => {
    let method = methods.get(call.method.path);
    if (method === undefined) {
      method = new MethodSpan(call.method, filter(call.method));
      methods.set(call.method.path, method);
    }
    const caller = callerContext(propagator, call.metadata, metadataGetter);
    const isPublic = isPublicEndpoint?.(call) === true;
    const parent = isPublic ? ROOT_CONTEXT : caller;
    if (!method.isTraced) {
      return passOn(parent);
    }
    const span = tracer.startSpan(
      method.name,
      {
        kind: SpanKind.SERVER,
        startTime: call.startedAt,
        attributes: method.attributes(call.wire.getHost()),
        ...(isPublic && { links: linkTo(caller) }),
      },
      parent,
    );
    const ids = span.spanContext();
    if (!isSpanContextValid(ids)) {
      return passOn(parent);
    }
    const { traceId, spanId, traceFlags } = ids;
    const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    call.values.set(traceKey, { traceId, spanId, isSampled });
    const active = trace.setSpan(parent, span);
    if (!span.isRecording()) {
      return new TracedCall(active);
    }
    span.setAttributes(peerAttributes(call.peer));
    span.setAttributes(captured(call.metadata));
    return new TracedCall(active, span);
  };

  const isPublic = isPublicEndpoint !== undefined;
  return observingInterceptor(hook, traceUnseenCalls({ tracer, propagator, filter, isPublic }));
}

function passOn(caller: Context): TracedCall | undefined {
  return caller === ROOT_CONTEXT ? undefined : new TracedCall(caller);
}

class TracedCall implements CallHook {
  readonly #active: Context;
  readonly #span: Span | undefined;

  constructor(active: Context, span?: Span) {
    this.#active = active;
    this.#span = span;
  }

  run(work: () => void): void {
    context.with(this.#active, work);
  }

  onEnd(outcome: CallOutcome): void {
    if (this.#span !== undefined) {
      endSpan(this.#span, outcome, isServerFault(outcome.code));
    }
  }
}
