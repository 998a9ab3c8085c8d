import { type Metadata, status } from "@grpc/grpc-js";
import { toSafeDetails } from "./safe-details.ts";
import { toSafeMetadata } from "./safe-metadata.ts";
import { isErrorCode, isStatusError, type StatusError } from "./status-error.ts";

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
  try {
    if (isStatusError(error) && isErrorCode(error.code)) {
      return toWireStatus(error.code, String(error.details), withMetadata(error, trailers));
    }
  } catch {
    // A getter that throws: it is no error that we can read.
  }
  return toWireStatus(status.INTERNAL, "internal error", trailers);
}

function toWireStatus(code: status, text: string, metadata: Metadata | undefined): WireStatus {
  const details = toSafeDetails(text);
  if (metadata === undefined) {
    return { code, details };
  }
  const room = maxTrailerBytes - encodeURI(details).length;
  return { code, details, metadata: toSafeMetadata(metadata, room).metadata };
}

/** The error's metadata, and those of the trailers whose keys it does not have. */
function withMetadata(error: StatusError, trailers: Metadata | undefined): Metadata | undefined {
  try {
    if (error.metadata === undefined) {
      return trailers;
    }
    const own = toSafeMetadata(error.metadata).metadata;
    for (const [key, values] of Object.entries(trailers?.toJSON() ?? {})) {
      if (own.get(key).length === 0) {
        for (const value of values) {
          own.add(key, value);
        }
      }
    }
    return own;
  } catch {
    // Metadata that cannot be read must not hide the status.
    return trailers;
  }
}
