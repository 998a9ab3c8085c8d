import type { Metadata } from "@grpc/grpc-js";

const traceparent = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/** The trace that a call belongs to: https://www.w3.org/TR/trace-context/#traceparent-header */
export function traceIdOf(metadata: Metadata): string | undefined {
  return traceparent.exec(String(metadata.get("traceparent")[0]))?.[1];
}
