import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A message as ts-proto's codecs take and return it. */
export type MessageValue = Record<string, unknown>;

/** One implementation of the encoding of one message type. */
export interface MessageCodec {
  readonly encode: (value: MessageValue) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => MessageValue;
}

/** Whether a field can be absent, rather than have its default when it is not on the wire. */
export function hasPresence({ presence }: DescField): boolean {
  return presence !== FeatureSet_FieldPresence.IMPLICIT;
}

/** The value of a field, or undefined if it is absent. */
export function readField(value: MessageValue, field: DescField): unknown {
  if (field.oneof === undefined) return value[field.jsonName];
  const chosen = value[field.oneof.localName] as { $case: string; value: unknown } | undefined;
  return chosen?.$case === field.jsonName ? chosen.value : undefined;
}

/** The message whose fields have the values that `read` returns. */
export function buildMessage(
  message: DescMessage,
  read: (field: DescField) => unknown,
): MessageValue {
  return Object.fromEntries(
    message.members.map((member) => {
      if (member.kind === "field") return [member.jsonName, read(member)];
      const chosen = member.fields.find((field) => read(field) !== undefined);
      return [
        member.localName,
        chosen === undefined ? undefined : { $case: chosen.jsonName, value: read(chosen) },
      ];
    }),
  );
}

/** ts-proto has the value itself where a field's type is a wrapper such as `Int64Value`. */
export function toMessage(message: DescMessage, element: unknown): MessageValue {
  return isWrapperDesc(message) ? { value: element } : (element as MessageValue);
}

/** The inverse of `toMessage`. */
export function fromMessage(message: DescMessage, value: MessageValue): unknown {
  return isWrapperDesc(message) ? value.value : value;
}
