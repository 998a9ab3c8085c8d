import { Metadata, type MetadataValue } from "@grpc/grpc-js";

/** Peers of other languages refuse more, and past 64 KiB a call never ends at all. */
export const maxMetadataBytes = 8192;

// What is sent beside metadata and the text of a status, at the most: an error before any message comes
// in one block with `:status`, `content-type`, `date` and what else a response begins with.
const envelopeBytes = 400;

// What HTTP/2 counts for an entry beside its key and value: RFC 9113, section 6.5.2.
const entryOverheadBytes = 32;

// `grpc-` belongs to the protocol but for these two, which are made for applications to set. With a
// colon, node:http2 throws from an event handler where nobody can catch it.
const reservedKey = /^grpc-(?!(status-details-bin|retry-pushback-ms)$)|:/;

// node:http2 throws for the first ten as well; the last gets lost on its way.
const connectionKeys = new Set([
  "connection",
  "content-length",
  "content-type",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "__proto__",
]);

/** A key of metadata and its values. */
export type MetadataEntry = readonly [string, readonly MetadataValue[]];

export interface SafeMetadata {
  /** What can be sent; a copy. */
  readonly metadata: Metadata;
  /** The keys that were left out. */
  readonly dropped: readonly string[];
}

/**
 * The entries of `metadata` that can be sent without harm, in their order: no key of the protocol's
 * own, no value that HTTP/2 cannot carry, no more than `maxBytes` in all. Default: 8192.
 */
export function toSafeMetadata(
  metadata: Metadata,
  maxBytes: number = maxMetadataBytes,
): SafeMetadata {
  return toSafeEntries(Object.entries(metadata.toJSON()), maxBytes);
}

/** As `toSafeMetadata`, for entries that are not in a Metadata. */
export function toSafeEntries(entries: readonly MetadataEntry[], maxBytes: number): SafeMetadata {
  const safe = new Metadata();
  const dropped: string[] = [];
  let room = maxBytes;
  for (const [key, values] of entries) {
    const joined = joinText(values);
    const bytes = sum(joined.map((value) => sizeBytes(key, value)));
    if (bytes > room || isReserved(key) || !addAll(safe, key, joined)) {
      dropped.push(key);
      continue;
    }
    room -= bytes;
  }
  return { metadata: safe, dropped };
}

/** Whether `toSafeEntries` would leave them as they are, given that grpc-js has checked them. */
export function areSafe(entries: readonly MetadataEntry[], maxBytes: number): boolean {
  let room = maxBytes;
  for (const [key, values] of entries) {
    const [value] = values;
    if (values.length !== 1 || typeof value !== "string" || value !== value.trim()) {
      return false;
    }
    room -= sizeBytes(key, value);
    if (room < 0 || isReserved(key)) {
      return false;
    }
  }
  return true;
}

/** How much room is left for metadata beside a status with this text, which grpc-js percent-encodes. */
export function roomBeside(details: string): number {
  return maxMetadataBytes - envelopeBytes - encodeURI(details).length;
}

/** What the entries take of the room for metadata. */
export function totalBytes(entries: readonly MetadataEntry[]): number {
  return sum(entries.flatMap(([key, values]) => values.map((value) => sizeBytes(key, value))));
}

/** The entries of metadata. One that cannot be read has none: it must not hide the status. */
export function entriesOf(read: () => Metadata | null | undefined): readonly MetadataEntry[] {
  try {
    return Object.entries(read()?.toJSON() ?? {});
  } catch {
    return [];
  }
}

/** Whether an application must not set this key. */
export function isReserved(key: string): boolean {
  const lowerCase = key.toLowerCase();
  return reservedKey.test(lowerCase) || connectionKeys.has(lowerCase);
}

// Receivers see the values of a repeated key joined anyway, and node:http2 throws for a repetition
// of some keys: RFC 9110, section 5.3. Blanks around a value make it vanish: RFC 9113, section 8.2.1.
function joinText(values: readonly MetadataValue[]): readonly MetadataValue[] {
  return values.every((value) => typeof value === "string") ? [values.join(", ").trim()] : values;
}

function sizeBytes(key: string, value: MetadataValue): number {
  const valueBytes = typeof value === "string" ? value.length : Math.ceil(value.length / 3) * 4;
  return key.length + valueBytes + entryOverheadBytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function addAll(metadata: Metadata, key: string, values: readonly MetadataValue[]): boolean {
  try {
    for (const value of values) {
      metadata.add(key, value);
    }
    return true;
  } catch {
    metadata.remove(key);
    return false;
  }
}
