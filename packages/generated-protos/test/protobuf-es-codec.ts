import {
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type ReflectList,
  type ReflectMap,
  type ReflectMessage,
  reflect,
} from "@bufbuild/protobuf/reflect";
import {
  buildMessage,
  fromMessage,
  hasPresence,
  type MessageCodec,
  type MessageValue,
  readField,
  toMessage,
} from "./message-value.ts";

/** The encoding of protobuf-es, from and to values as ts-proto has them. */
export function protobufEsCodec(message: DescMessage): MessageCodec {
  return {
    encode: (value) => toBinary(message, toReflect(message, value).message),
    decode: (bytes) => fromReflect(reflect(message, fromBinary(message, bytes))),
  };
}

function toReflect(message: DescMessage, value: MessageValue): ReflectMessage {
  const target = reflect(message);
  for (const field of message.fields) {
    const fieldValue = readField(value, field);
    if (fieldValue !== undefined) setField(target, field, fieldValue);
  }
  return target;
}

function setField(target: ReflectMessage, field: DescField, value: unknown): void {
  const element = (item: unknown) =>
    field.message ? toReflect(field.message, toMessage(field.message, item)) : item;
  if (field.fieldKind === "list") {
    const list: ReflectList = target.get(field);
    for (const item of value as unknown[]) list.add(element(item));
  } else if (field.fieldKind === "map") {
    const map: ReflectMap = target.get(field);
    for (const [key, item] of value as Map<unknown, unknown>) map.set(key, element(item));
  } else {
    target.set(field, element(value));
  }
}

function fromReflect(source: ReflectMessage): MessageValue {
  return buildMessage(source.desc, (field) => {
    if (hasPresence(field) && !source.isSet(field)) return undefined;
    const value: unknown = source.get(field);
    if (field.fieldKind === "list") {
      return [...(value as ReflectList)].map((item) => elementFrom(field, item));
    }
    if (field.fieldKind === "map") {
      const entries = [...(value as ReflectMap)];
      return new Map(entries.map(([key, item]) => [key, elementFrom(field, item)]));
    }
    return elementFrom(field, value);
  });
}

function elementFrom(field: DescField, item: unknown): unknown {
  if (field.message) return fromMessage(field.message, fromReflect(item as ReflectMessage));
  return field.scalar === ScalarType.BYTES ? Buffer.from(item as Uint8Array) : item;
}
