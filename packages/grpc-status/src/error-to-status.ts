import { type Metadata, status } from "@grpc/grpc-js";
import { toSafeDetails } from "./safe-details.ts";
import { type MetadataEntry, toSafeEntries } from "./safe-metadata.ts";
import { isErrorCode, isStatusError } from "./status-error.ts";

/** How a call ends, as it can be sent. */
export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
  /** The keys of metadata that could not be sent; absent if there are none. */
  readonly dropped?: readonly string[];
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
      return toWireStatus(error.code, String(error.details), [
        () => error.metadata,
        () => trailers,
      ]);
    }
  } catch {
    // A getter that throws: it is no error that we can read.
  }
  return toWireStatus(status.INTERNAL, "internal error", [() => trailers]);
}

/** The status as it can be sent: its text made safe, and what of its metadata cannot be sent left out. */
export function toSafeStatus(
  code: status,
  details: string,
  metadata?: Metadata | null,
): WireStatus {
  return toWireStatus(code, details, [() => metadata ?? undefined]);
}

function toWireStatus(
  code: status,
  text: string,
  sources: readonly (() => Metadata | undefined)[],
): WireStatus {
  const details = text === "" ? "" : toSafeDetails(text);
  const entries = joinEntries(sources);
  if (entries.length === 0) {
    return { code, details };
  }
  const room = maxTrailerBytes - encodeURI(details).length;
  const { metadata, dropped } = toSafeEntries(entries, room);
  return dropped.length === 0 ? { code, details, metadata } : { code, details, metadata, dropped };
}

/** The entries of all sources. Where two have a key, those of the first. */
function joinEntries(sources: readonly (() => Metadata | undefined)[]): readonly MetadataEntry[] {
  const joined = new Map<string, MetadataEntry>();
  for (const source of sources) {
    for (const entry of entriesOf(source)) {
      if (!joined.has(entry[0])) {
        joined.set(entry[0], entry);
      }
    }
  }
  return [...joined.values()];
}

// Metadata that cannot be read must not hide the status.
function entriesOf(source: () => Metadata | undefined): readonly MetadataEntry[] {
  try {
    return Object.entries(source()?.toJSON() ?? {});
  } catch {
    return [];
  }
}
