import { Metadata, status } from "@grpc/grpc-js";
import { toSafeDetails } from "./safe-details.ts";
import { toSafeMetadata } from "./safe-metadata.ts";
import { isErrorCode, isStatusError } from "./status-error.ts";

/** How a call ends, as it can be sent. */
export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

const maxTrailerBytes = 8192;

/**
 * The status to send for whatever was thrown. It never throws, and it tells the caller only what a
 * StatusError was made to tell: anything else, an error with a numeric `code` of its own included,
 * is INTERNAL "internal error". `trailers` are sent as well where the error has no such key.
 */
export function errorToStatus(error: unknown, trailers?: Metadata): WireStatus {
  const known = isStatusError(error) && isErrorCode(error.code);
  const code = known ? error.code : status.INTERNAL;
  const details = known ? toSafeDetails(String(error.details)) : "internal error";
  const metadata = joinMetadata(known ? error.metadata : undefined, trailers);
  if (metadata === undefined) {
    return { code, details };
  }
  const room = maxTrailerBytes - encodeURI(details).length;
  return { code, details, metadata: toSafeMetadata(metadata, room).metadata };
}

function joinMetadata(first: Metadata | undefined, second: Metadata | undefined) {
  if (first === undefined || second === undefined) {
    return first ?? second;
  }
  const joined = new Metadata();
  joined.merge(first);
  for (const [key, values] of Object.entries(second.toJSON())) {
    if (first.get(key).length === 0) {
      for (const value of values) {
        joined.add(key, value);
      }
    }
  }
  return joined;
}
