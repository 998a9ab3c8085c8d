import type { IncomingHttpHeaders } from "node:http2";
import type { Metadata, MetadataValue } from "@grpc/grpc-js";
import { type Context, diag, ROOT_CONTEXT, type TextMapGetter } from "@opentelemetry/api";

// https://www.w3.org/TR/baggage/#limits; what is longer is an attack: CVE-2026-54285.
const maxHeaderBytes = 8192;
const maxListMembers = 180;

/** Reads what came with a call, whoever propagates it. */
export interface Extractor {
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context;
}

/** The headers of a call as interceptors have them. */
export const metadataGetter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => toHeader(metadata.get(key)),
};

/** The headers of a call as node has them. */
export const headersGetter: TextMapGetter<IncomingHttpHeaders> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => toHeader([headers[key.toLowerCase()] ?? []].flat()),
};

/** The caller's trace and baggage; nothing of them where they cannot be read. Never throws. */
export function callerContext<Carrier>(
  propagator: Extractor,
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
): Context {
  try {
    return propagator.extract(ROOT_CONTEXT, carrier, getter);
  } catch (error) {
    diag.warn("the caller's trace cannot be read", error);
    return ROOT_CONTEXT;
  }
}

// Repeated headers are joined, as node joins them: two of traceparent are then none.
function toHeader(values: readonly MetadataValue[]): string | undefined {
  if (values.length === 0) {
    return undefined;
  }
  const header = values.join(",");
  return header.length <= maxHeaderBytes && isShortList(header) ? header : undefined;
}

function isShortList(header: string): boolean {
  let members = 1;
  for (let at = header.indexOf(","); at !== -1; at = header.indexOf(",", at + 1)) {
    members += 1;
  }
  return members <= maxListMembers;
}
