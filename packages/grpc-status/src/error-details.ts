import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Any } from "@grpc-kit/generated-protos/google/protobuf/any";
import {
  BadRequest,
  DebugInfo,
  ErrorInfo,
  Help,
  LocalizedMessage,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from "@grpc-kit/generated-protos/google/rpc/error_details";
import { attempt } from "./attempt.ts";

/** The standard details by the names they have here. */
export interface StandardDetails {
  readonly errorInfo: ErrorInfo;
  readonly retryInfo: RetryInfo;
  readonly badRequest: BadRequest;
  readonly quotaFailure: QuotaFailure;
  readonly preconditionFailure: PreconditionFailure;
  readonly resourceInfo: ResourceInfo;
  readonly requestInfo: RequestInfo;
  readonly help: Help;
  readonly localizedMessage: LocalizedMessage;
  readonly debugInfo: DebugInfo;
}

export type DetailName = keyof StandardDetails;

/**
 * What an error says beyond its text, for programs: at most one detail of each standard type
 * (https://google.aip.dev/193), and any number of others.
 */
export interface ErrorDetails extends Partial<StandardDetails> {
  /** Details of other types, and those that could not be read, as they are on the wire. */
  readonly others?: readonly Any[];
}

type Loose<Value> = Value extends bigint | string | number | boolean | Uint8Array | undefined
  ? Value
  : Value extends ReadonlyMap<infer Key, infer Item>
    ? ReadonlyMap<Key, Item>
    : Value extends readonly (infer Item)[]
      ? readonly Loose<Item>[]
      : { readonly [Field in keyof Value]?: Loose<Value[Field]> | undefined };

/** Details as they are given: fields that are left out are empty. */
export type ErrorDetailsInit = {
  readonly [Name in DetailName]?: Loose<StandardDetails[Name]> | undefined;
} & { readonly others?: readonly Any[] | undefined };

interface Codec<Message> {
  encode(message: Message, writer?: BinaryWriter): BinaryWriter;
  decode(bytes: Uint8Array): Message;
  fromPartial(partial: object): Message;
}

interface StandardType<Message> {
  readonly typeUrl: string;
  readonly codec: Codec<Message>;
}

const prefix = "type.googleapis.com/";

function standard<Message>(typeName: string, codec: Codec<Message>): StandardType<Message> {
  return { typeUrl: `${prefix}google.rpc.${typeName}`, codec };
}

// In the order in which they are sent.
const standardTypes: { readonly [Name in DetailName]: StandardType<StandardDetails[Name]> } = {
  errorInfo: standard("ErrorInfo", ErrorInfo),
  retryInfo: standard("RetryInfo", RetryInfo),
  badRequest: standard("BadRequest", BadRequest),
  quotaFailure: standard("QuotaFailure", QuotaFailure),
  preconditionFailure: standard("PreconditionFailure", PreconditionFailure),
  resourceInfo: standard("ResourceInfo", ResourceInfo),
  requestInfo: standard("RequestInfo", RequestInfo),
  help: standard("Help", Help),
  localizedMessage: standard("LocalizedMessage", LocalizedMessage),
  debugInfo: standard("DebugInfo", DebugInfo),
};

const detailNames: readonly DetailName[] = Object.keys(standardTypes) as DetailName[];

const namesByType: ReadonlyMap<string, DetailName> = new Map(
  detailNames.map((name) => [typeNameOf(standardTypes[name]), name]),
);

/**
 * The details as they are sent within a `google.rpc.Status`. `writer` is written to and emptied;
 * default: a new one.
 */
export function encodeErrorDetails(
  details: ErrorDetailsInit,
  writer: BinaryWriter = new BinaryWriter(),
): readonly Any[] {
  const encoded: Any[] = [];
  for (const name of detailNames) {
    const detail = details[name];
    if (detail !== undefined) {
      const { typeUrl, codec } = standardTypes[name] as StandardType<unknown>;
      encoded.push({
        typeUrl,
        value: view(codec.encode(codec.fromPartial(detail), writer).finish()),
      });
    }
  }
  return details.others === undefined ? encoded : encoded.concat(details.others);
}

/** A detail of a type of one's own, for `others`. `typeName` is the message's full name. */
export function toAny(typeName: string, bytes: Uint8Array): Any {
  return { typeUrl: prefix + typeName, value: view(bytes) };
}

/** A Buffer, which grpc-js and ts-proto want, over the memory that is there already. */
export function view({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * Reads details. Never throws: what cannot be read, or comes a second time, is in `others` as it came.
 */
export function decodeErrorDetails(details: readonly Any[]): ErrorDetails {
  const decoded: { [Name in DetailName]?: unknown } = {};
  const others: Any[] = [];
  for (const detail of details) {
    const name = namesByType.get(typeNameOf(detail));
    const message =
      name === undefined || name in decoded
        ? undefined
        : attempt(() => standardTypes[name].codec.decode(detail.value));
    if (name === undefined || message === undefined) {
      others.push(detail);
    } else {
      decoded[name] = message;
    }
  }
  const standard = decoded as Partial<StandardDetails>;
  return others.length === 0 ? standard : { ...standard, others };
}

/** The full name of the message that is in `detail`. What is before the last slash does not count. */
export function typeNameOf({ typeUrl }: Pick<Any, "typeUrl">): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}
