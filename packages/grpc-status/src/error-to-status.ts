import { type Metadata, status } from "@grpc/grpc-js";
import { toSafeDetails } from "./safe-details.ts";
import { type MetadataEntry, maxMetadataBytes, toSafeEntries } from "./safe-metadata.ts";
import { isErrorCode, isStatusError } from "./status-error.ts";

/** How a call ends, as it can be sent. */
export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
  /** The keys of metadata that could not be sent; absent if there are none. */
  readonly dropped?: readonly string[];
}

/**
 * The status to send for whatever was thrown. It never throws, and it tells the caller only what a
 * StatusError was made to tell: anything else, an error with a numeric `code` of its own included,
 * is INTERNAL "internal error". `trailers` are sent as well where the error has no such key.
 */
export function errorToStatus(error: unknown, trailers?: Metadata): WireStatus {
  try {
    if (isStatusError(error) && isErrorCode(error.code)) {
      const entries = joinEntries(
        entriesOf(() => error.metadata),
        entriesOf(() => trailers),
      );
      return toWireStatus(error.code, String(error.details), entries);
    }
  } catch {
    // A getter that throws: it is no error that we can read.
  }
  return toSafeStatus(status.INTERNAL, "internal error", trailers);
}

/** The status as it can be sent: its text made safe, and what of its metadata cannot be sent left out. */
export function toSafeStatus(
  code: status,
  details: string,
  metadata?: Metadata | null,
): WireStatus {
  return toWireStatus(code, details, metadata ? entriesOf(() => metadata) : []);
}

function toWireStatus(code: status, text: string, entries: readonly MetadataEntry[]): WireStatus {
  const details = text === "" ? "" : toSafeDetails(text);
  if (entries.length === 0) {
    return { code, details };
  }
  const { metadata, dropped } = toSafeEntries(
    entries,
    maxMetadataBytes - encodeURI(details).length,
  );
  return dropped.length === 0 ? { code, details, metadata } : { code, details, metadata, dropped };
}

/** The entries of both. Where both have a key, those of the first. */
function joinEntries(
  first: readonly MetadataEntry[],
  second: readonly MetadataEntry[],
): readonly MetadataEntry[] {
  const keys = new Set(first.map(([key]) => key));
  return [...first, ...second.filter(([key]) => !keys.has(key))];
}

// Metadata that cannot be read must not hide the status.
function entriesOf(read: () => Metadata | undefined): readonly MetadataEntry[] {
  try {
    return Object.entries(read()?.toJSON() ?? {});
  } catch {
    return [];
  }
}
