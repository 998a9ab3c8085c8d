import { type Interceptor, type Metadata, status } from "@grpc/grpc-js";
import {
  type Attributes,
  type Context,
  context,
  diag,
  propagation,
  SpanKind,
  type TextMapPropagator,
  type TextMapSetter,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Method } from "../../method.ts";
import { isHealthOrReflection, not } from "../../method-match.ts";
import { endSpan, scopeName } from "../../tracing/call-span.ts";
import { clientInterceptor } from "../client-hook.ts";
import { hasInstrumentedSpan } from "./instrumented-span.ts";
import { targetAttributes } from "./target-attributes.ts";

export interface TracingOptions {
  /** Makes the spans. Default: the provider that is registered globally, before or after. */
  readonly tracerProvider?: TracerProvider;
  /** Writes the trace and its baggage. Default: the one that is registered globally. */
  readonly propagator?: Pick<TextMapPropagator, "inject">;
  /**
   * Which methods have spans. A call without one still passes on the trace that is active.
   * Default: all but those of grpc.health.v1.Health and of reflection.
   */
  readonly filter?: (method: Method) => boolean;
  /** What the channel dials, "dns:///items.example.com:443", for `server.address`. Default: unsaid. */
  readonly target?: string;
}

const metadataSetter: TextMapSetter<Metadata> = {
  set: (metadata, key, value) => metadata.set(key, value),
};

/**
 * One span for each call, as OpenTelemetry's conventions for gRPC have it, whatever its kind: from its
 * start until its status, with all the tries that grpc-js makes. It is sent to the server as the parent of
 * what happens there. It is not active in the caller's callbacks, whose next calls are no part of this one.
 */
export function tracing({
  tracerProvider = trace,
  propagator = propagation,
  filter = not(isHealthOrReflection),
  target,
}: TracingOptions = {}): Interceptor {
  const tracer = tracerProvider.getTracer(scopeName);
  const server = target === undefined ? {} : targetAttributes(target);
  /** Null where there is to be no span. */
  const methods = new WeakMap<Method, Attributes | null>();

  const attributesOf = (method: Method): Attributes | null => {
    let attributes = methods.get(method);
    if (attributes === undefined) {
      const name = method.path.slice(1);
      attributes = filter(method)
        ? { "rpc.system.name": "grpc", "rpc.method": name, ...server }
        : null;
      methods.set(method, attributes);
    }
    return attributes;
  };

  const inject = (active: Context, metadata: Metadata): void => {
    try {
      propagator.inject(active, metadata, metadataSetter);
    } catch (error) {
      diag.warn("the trace of a call cannot be sent with it", error);
    }
  };

  return clientInterceptor(({ method, metadata, startedAt }) => {
    const active = context.active();
    const attributes = attributesOf(method);
    if (attributes === null || hasInstrumentedSpan(active, method)) {
      inject(active, metadata);
      return undefined;
    }
    const name = method.path.slice(1);
    const options = { kind: SpanKind.CLIENT, startTime: startedAt, attributes };
    const span = tracer.startSpan(name, options, active);
    inject(trace.setSpan(active, span), metadata);
    if (!span.isRecording()) {
      return undefined;
    }
    return { onEnd: (outcome) => endSpan(span, outcome, outcome.code !== status.OK) };
  });
}
