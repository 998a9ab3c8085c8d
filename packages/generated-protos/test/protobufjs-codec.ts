import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import Long from "long";
import protobuf from "protobufjs";
import "protobufjs/ext/descriptor.js";
import type { Contract } from "./contracts.ts";
import {
  buildMessage,
  fromMessage,
  hasPresence,
  type MessageCodec,
  type MessageValue,
  readField,
  toMessage,
} from "./message-value.ts";

const roots = new Map<Contract, protobuf.Root>();

function rootOf(contract: Contract): protobuf.Root {
  const root = roots.get(contract) ?? protobuf.Root.fromDescriptor(contract.descriptors);
  roots.set(contract, root);
  return root;
}

/** The encoding of protobufjs, from and to values as ts-proto has them. */
export function protobufjsCodec(contract: Contract, message: DescMessage): MessageCodec {
  const root = rootOf(contract);
  const type = root.lookupType(message.typeName);
  return {
    encode: (value) => type.encode(toProtobufjs(root, message, value)).finish(),
    decode: (bytes) => fromProtobufjs(root, message, type.decode(bytes)),
  };
}

function nameOf(root: protobuf.Root, field: DescField): string {
  const name = root.lookupType(field.parent.typeName).fieldsById[field.number]?.name;
  if (name === undefined) throw new Error(`protobufjs has no ${field}`);
  return name;
}

function toProtobufjs(root: protobuf.Root, message: DescMessage, value: MessageValue): object {
  const entries = message.fields
    .map((field) => [nameOf(root, field), fieldTo(root, field, readField(value, field))])
    .filter(([, converted]) => converted !== undefined);
  return Object.fromEntries(entries);
}

function fieldTo(root: protobuf.Root, field: DescField, value: unknown): unknown {
  if (value === undefined) return undefined;
  const element = (item: unknown) => {
    if (field.message) return toProtobufjs(root, field.message, toMessage(field.message, item));
    return typeof item === "bigint" ? Long.fromBigInt(item) : item;
  };
  if (field.fieldKind === "list") return (value as unknown[]).map(element);
  if (field.fieldKind !== "map") return element(value);
  const entries = [...(value as Map<unknown, unknown>)];
  return Object.fromEntries(entries.map(([key, item]) => [String(key), element(item)]));
}

function fromProtobufjs(root: protobuf.Root, message: DescMessage, value: object): MessageValue {
  return buildMessage(message, (field) => {
    const name = nameOf(root, field);
    // What was not on the wire is a default on the prototype, even of a field that can be absent.
    if (hasPresence(field) && !Object.hasOwn(value, name)) return undefined;
    return fieldFrom(root, field, (value as MessageValue)[name]);
  });
}

function fieldFrom(root: protobuf.Root, field: DescField, value: unknown): unknown {
  const element = (item: unknown) => {
    if (field.message) {
      return fromMessage(field.message, fromProtobufjs(root, field.message, item as object));
    }
    if (Long.isLong(item)) return item.toBigInt();
    return field.scalar === ScalarType.BYTES ? Buffer.from(item as Uint8Array) : item;
  };
  if (field.fieldKind === "list") return (value as unknown[]).map(element);
  if (field.fieldKind !== "map") return element(value);
  const entries = Object.entries(value as object);
  return new Map(entries.map(([key, item]) => [keyFrom(field.mapKey, key), element(item)]));
}

function keyFrom(type: ScalarType, key: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return key;
    case ScalarType.BOOL:
      return key === "true";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return hashToLong(key, false).toBigInt();
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return hashToLong(key, true).toBigInt();
    default:
      return Number(key);
  }
}

/** A 64-bit key is a string of its eight bytes, or "0" if a default was left off the wire. */
function hashToLong(key: string, unsigned: boolean): Long {
  if (key === "0") return Long.ZERO;
  return Long.fromValue(protobuf.util.longFromHash(key, unsigned));
}
