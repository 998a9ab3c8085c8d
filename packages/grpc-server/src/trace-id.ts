import type { Metadata } from "@grpc/grpc-js";
import { callValues, traceKey } from "@grpc-kit/grpc-context";

const traceparent = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/**
 * The trace that a call belongs to: what tracing says, or else the caller.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceIdOf(metadata: Metadata): string | undefined {
  const traced = callValues(metadata).get(traceKey)?.traceId;
  return traced ?? traceparent.exec(String(metadata.get("traceparent")[0]))?.[1];
}
