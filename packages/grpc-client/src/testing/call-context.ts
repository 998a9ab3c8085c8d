import { Metadata } from "@grpc/grpc-js";
import { callValues } from "@grpc-kit/grpc-context";
import type { CallContext } from "./handlers.ts";
import type { ServerWire } from "./server-wire.ts";

/** A context, and what its handler has set with it. */
export interface OwnedContext {
  readonly context: CallContext;
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

export function createCallContext(
  wire: ServerWire,
  path: string,
  metadata: Metadata,
  signal: AbortSignal,
): OwnedContext {
  const headers = new Metadata();
  const trailers = new Metadata();
  const deadline = Number(wire.getDeadline());
  const values = callValues(metadata);
  const context: CallContext = {
    path,
    metadata,
    deadline,
    signal,
    peer: wire.getPeer(),
    timeRemaining: () => Math.max(0, deadline - Date.now()),
    get: (key) => values.get(key),
    set: (key, value) => values.set(key, value),
    setHeader: (key, value) => headers.set(key, toMetadataValue(value)),
    setTrailer: (key, value) => trailers.set(key, toMetadataValue(value)),
  };
  return { context, headers, trailers };
}

function toMetadataValue(value: string | Uint8Array): string | Buffer {
  return typeof value === "string" ? value : Buffer.from(value);
}
