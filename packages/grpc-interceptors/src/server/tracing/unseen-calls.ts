import { isServerFault } from "@grpc-kit/grpc-status";
import { ROOT_CONTEXT, type Span, SpanKind, type Tracer } from "@opentelemetry/api";
import type { Method } from "../../method.ts";
import { endSpan, linkTo, peerAttributes, serverAttributes } from "../../tracing/call-span.ts";
import type { CallObserver, ObservedCall } from "../call-observer.ts";
import { callerContext, type Extractor, headersGetter } from "./caller-context.ts";

// Callers choose it.
const maxOriginalLength = 256;

export interface UnseenCallsOptions {
  readonly tracer: Tracer;
  readonly propagator: Extractor;
  readonly filter: (method: Method) => boolean;
  /** Whether callers are not to be trusted. */
  readonly isPublic: boolean;
}

/** Makes the spans of the calls that interceptors do not see, once they are over. */
export function traceUnseenCalls({
  tracer,
  propagator,
  filter,
  isPublic,
}: UnseenCallsOptions): CallObserver {
  const start = (call: ObservedCall, startTime: number): Span => {
    const caller = callerContext(propagator, call.headers, headersGetter);
    const name = call.kind === undefined ? undefined : call.method.slice(1);
    const attributes = {
      "rpc.system.name": "grpc",
      "rpc.method": name ?? "_OTHER",
      ...(name === undefined && { "rpc.method_original": originalMethod(call) }),
      ...serverAttributes(call.headers[":authority"]),
      ...peerAttributes(call.peer),
    };
    return tracer.startSpan(
      name ?? "grpc",
      {
        kind: SpanKind.SERVER,
        startTime,
        attributes,
        ...(isPublic && { links: linkTo(caller) }),
      },
      isPublic ? ROOT_CONTEXT : caller,
    );
  };
  const isTraced = (call: ObservedCall): boolean => {
    const method = toMethod(call);
    return method === undefined || filter(method);
  };
  return {
    onEnd(call, { code, durationMs, isIntercepted }) {
      if (isIntercepted || !isTraced(call)) {
        return;
      }
      const endedAt = performance.now();
      endSpan(start(call, endedAt - durationMs), { code, endedAt }, isServerFault(code));
    },
  };
}

function toMethod({ method: path, kind }: ObservedCall): Method | undefined {
  const slash = path.lastIndexOf("/");
  return kind && { path, service: path.slice(1, slash), name: path.slice(slash + 1), kind };
}

function originalMethod({ headers }: ObservedCall): string {
  // No path of gRPC has a query, but those of other protocols do, and secrets in it.
  return (headers[":path"] ?? "").replace(/^\/|\?.*$/gs, "").slice(0, maxOriginalLength);
}
