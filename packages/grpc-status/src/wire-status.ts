import { randomUUID } from "node:crypto";
import { Metadata, type status } from "@grpc/grpc-js";
import type { DescribedError } from "./described-error.ts";
import { completeErrorInfo } from "./error-info.ts";
import { packError } from "./pack-error.ts";
import { retryPushbackKey, toPushback } from "./retry-pushback.ts";
import { toSafeDetails } from "./safe-details.ts";
import {
  areSafe,
  entriesOf,
  type MetadataEntry,
  roomBeside,
  toSafeEntries,
} from "./safe-metadata.ts";
import { statusCodeInfo } from "./status-codes.ts";

/** How a call ends, as it can be sent. */
export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
  /** The keys of metadata that could not be sent; absent if there are none. */
  readonly dropped?: readonly string[];
  /**
   * What joins this failure with its record in the log. Where there is one, the caller is not told
   * everything, and the error must be logged with it.
   */
  readonly errorId?: string;
}

/** What is known of the call that an error ends. */
export interface ErrorContext {
  /** Sent as well where the error has no such key. Default: none. */
  readonly trailers?: Metadata | undefined;
  /** Whose error it is, for its ErrorInfo: "examples.ItemService". Default: "". */
  readonly domain?: string | undefined;
  /** The trace that the call belongs to: 32 hexadecimal digits. Default: none. */
  readonly traceId?: string | undefined;
  /** The languages that the caller understands, as in `accept-language`. Default: unsaid. */
  readonly acceptLanguage?: string | undefined;
}

/** The status as it can be sent: its text made safe, and what of its metadata cannot be sent left out. */
export function toSafeStatus(
  code: status,
  details: string,
  metadata?: Metadata | null,
): WireStatus {
  const text = toSafeDetails(details);
  const entries = entriesOf(() => metadata);
  if (entries.length === 0) {
    return { code, details: text };
  }
  const room = roomBeside(text);
  if (metadata instanceof Metadata && areSafe(entries, room)) {
    return { code, details: text, metadata };
  }
  const safe = toSafeEntries(entries, room);
  return safe.dropped.length === 0
    ? { code, details: text, metadata: safe.metadata }
    : { code, details: text, metadata: safe.metadata, dropped: safe.dropped };
}

/** The status of a call that failed, with its details for programs, all of it within 8 KiB. */
export function toWireStatus(error: DescribedError, context: ErrorContext): WireStatus {
  const { code, errorDetails } = error;
  const errorId = error.isHidden ? randomUUID() : undefined;
  const { errorInfo, dropped: droppedInfo } = completeErrorInfo(errorDetails.errorInfo ?? {}, {
    reason: statusCodeInfo(code).name,
    domain: context.domain ?? "",
    errorId,
  });
  const packed = packError({
    error: { ...error, errorDetails: { ...errorDetails, errorInfo } },
    entries: entriesToSend(error, context),
    facts: new Map(
      Object.entries({ trace_id: context.traceId, error_id: errorId }).filter(isKnown),
    ),
  });
  const dropped = [...droppedInfo, ...packed.dropped];
  return {
    code,
    details: packed.text,
    metadata: packed.metadata,
    ...(dropped.length > 0 && { dropped }),
    ...(errorId !== undefined && { errorId }),
  };
}

/** In the order in which they get what room there is: of other tries, of the error, of the call. */
function entriesToSend(
  { metadata, retryAfterMs }: DescribedError,
  { trailers }: ErrorContext,
): readonly MetadataEntry[] {
  const entries = new Map<string, MetadataEntry[1]>();
  if (retryAfterMs !== undefined) {
    entries.set(retryPushbackKey, [toPushback(retryAfterMs)]);
  }
  for (const [key, values] of entriesOf(() => metadata)) {
    entries.set(key, values);
  }
  for (const [key, values] of entriesOf(() => trailers)) {
    if (!entries.has(key)) {
      entries.set(key, values);
    }
  }
  return [...entries];
}

function isKnown(fact: [string, string | undefined]): fact is [string, string] {
  return fact[1] !== undefined;
}
