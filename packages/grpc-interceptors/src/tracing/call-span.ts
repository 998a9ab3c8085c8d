import type { status } from "@grpc/grpc-js";
import { statusCodeInfo } from "@grpc-kit/grpc-status";
import {
  type Attributes,
  type Context,
  isSpanContextValid,
  type Link,
  type Span,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { redactText, toLogText } from "../log-text.ts";

// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/

/** What the spans of this package say they come from. */
export const scopeName = "@grpc-kit/grpc-interceptors";

// Names that DNS knows are no longer, and what is before an "@" is no name but a secret.
const serverAddress = /^[^@]{1,255}$/;

/** How a call ended, for its span. */
export interface SpanEnd {
  readonly code: status;
  /** What the status says; absent where it is not known. */
  readonly details?: string;
  /** As `performance.now()` has it. */
  readonly endedAt: number;
}

/** "host:50051", "[::1]:50051" or "::1:50051" in parts; anything else is a host alone. */
function splitAddress(address: string): [host: string, port?: number] {
  const [, host, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(address) ?? [];
  return host === undefined ? [address] : [host, Number(port)];
}

/** Which server a call is to, in attributes; none if the address is none. */
export function serverAttributes(address: string | undefined): Attributes {
  if (address === undefined || !serverAddress.test(address)) {
    return {};
  }
  const [host, port] = splitAddress(address);
  return { "server.address": host, ...(port !== undefined && { "server.port": port }) };
}

/** Who a call comes from, in attributes; none if that is unknown. */
export function peerAttributes(peer: string): Attributes {
  const [host, port] = splitAddress(peer);
  return port === undefined ? {} : { "network.peer.address": host, "network.peer.port": port };
}

/** A link to the caller's span, if there is one. */
export function linkTo(caller: Context): Link[] {
  const linked = trace.getSpanContext(caller);
  return linked !== undefined && isSpanContextValid(linked) ? [{ context: linked }] : [];
}

/** Ends the span of a call. Ones that went well stay unset: "OK" is for applications to say. */
export function endSpan(span: Span, { code, details, endedAt }: SpanEnd, isError: boolean): void {
  const { name } = statusCodeInfo(code);
  span.setAttribute("rpc.response.status_code", name);
  if (isError) {
    span.setAttribute("error.type", name);
    span.setStatus({
      code: SpanStatusCode.ERROR,
      ...(details && { message: toLogText(redactText(details)) }),
    });
  }
  span.end(endedAt);
}
