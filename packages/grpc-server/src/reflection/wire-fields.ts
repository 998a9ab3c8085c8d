import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The fields of a serialised message by number, each with its values in the order of the wire. */
export type WireFields = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

/**
 * Reads one level of a message and leaves the levels below it as the bytes that they are. Numbers
 * are those of int32 fields. Throws if `message` is none.
 */
export function readFields(message: Uint8Array): WireFields {
  const fields = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      valuesOf(fields, field).push(reader.bytes());
    } else if (wireType === WireType.Varint) {
      valuesOf(fields, field).push(reader.int32());
    } else {
      reader.skip(wireType, field);
    }
  }
  return fields;
}

export function bytesOf(fields: WireFields, field: number): readonly Uint8Array[] {
  return (fields.get(field) ?? []).filter((value) => typeof value !== "number");
}

export function numbersOf(fields: WireFields, field: number): readonly number[] {
  return (fields.get(field) ?? []).filter((value) => typeof value === "number");
}

export function textsOf(fields: WireFields, field: number): readonly string[] {
  return bytesOf(fields, field).map((bytes) => decoder.decode(bytes));
}

const decoder = new TextDecoder();

function valuesOf<Value>(fields: Map<number, Value[]>, field: number): Value[] {
  let values = fields.get(field);
  if (values === undefined) {
    values = [];
    fields.set(field, values);
  }
  return values;
}
