import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Metadata } from "@grpc/grpc-js";
import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import type { DescribedError } from "./described-error.ts";
import { type ErrorDetailsInit, encodeErrorDetails, view } from "./error-details.ts";
import { fitDetails, leastDetails } from "./fit-details.ts";
import { toSafeDetails } from "./safe-details.ts";
import { type MetadataEntry, roomBeside, toSafeEntries, totalBytes } from "./safe-metadata.ts";
import { encodeStatusDetails, errorDetailKey, statusDetailsKey } from "./status-details.ts";

// The text is sent three times, and may have to make room in the end.
const shortTextBytes = 256;
const maxKindCharacters = 64;
const maxFieldCharacters = 128;

export interface ErrorToPack {
  readonly error: DescribedError;
  /** What else to send; where it has the keys of the details, they are its own. */
  readonly entries: readonly MetadataEntry[];
  /** The metadata of the `common.ErrorDetail`. */
  readonly facts: ReadonlyMap<string, string>;
}

export interface PackedError {
  readonly text: string;
  readonly metadata: Metadata;
  /** The keys of entries that were left out. */
  readonly dropped: readonly string[];
}

/** The trailers of an error within the room that there is: some of its details go before its entries. */
export function packError({ error, entries, facts }: ErrorToPack): PackedError {
  const text = toSafeDetails(error.text);
  const all = packDetails(error, text, error.errorDetails, facts);
  const packed = join(text, all, entries);
  return packed.dropped.length === 0 ? packed : squeeze({ error, entries, facts }, text);
}

function squeeze({ error, entries, facts }: ErrorToPack, fullText: string): PackedError {
  const unsendable = toSafeEntries(entries, Number.POSITIVE_INFINITY).dropped;
  const leastOf = (text: string): readonly MetadataEntry[] =>
    packDetails(error, text, leastDetails(error.errorDetails), facts);
  const isTight = join(fullText, leastOf(fullText), entries).dropped.length > unsendable.length;
  const text = isTight ? toSafeDetails(fullText, shortTextBytes) : fullText;

  const sent = toSafeEntries(entries, roomBeside(text) - totalBytes(leastOf(text)));
  const sentBytes = totalBytes(Object.entries(sent.metadata.toJSON()));
  const fits = (details: ErrorDetailsInit): boolean =>
    totalBytes(packDetails(error, text, details, facts)) <= roomBeside(text) - sentBytes;
  const details = fitDetails(error.errorDetails, fits);
  return { ...join(text, packDetails(error, text, details, facts), entries), text };
}

function packDetails(
  { code, kind, field }: DescribedError,
  text: string,
  details: ErrorDetailsInit,
  facts: ReadonlyMap<string, string>,
): readonly MetadataEntry[] {
  const errorDetail = {
    code: kind.slice(0, maxKindCharacters),
    message: text,
    field: field.slice(0, maxFieldCharacters),
    metadata: new Map(facts),
  };
  // One for all, since what it costs is the memory that it begins with.
  const writer = new BinaryWriter();
  const encoded = encodeErrorDetails(details, writer);
  return [
    [statusDetailsKey, [view(encodeStatusDetails(code, text, encoded, writer))]],
    [errorDetailKey, [view(ErrorDetail.encode(errorDetail, writer).finish())]],
  ];
}

function join(
  text: string,
  details: readonly MetadataEntry[],
  entries: readonly MetadataEntry[],
): PackedError {
  const joined = new Map([...details, ...entries]);
  return { text, ...toSafeEntries([...joined], roomBeside(text)) };
}
