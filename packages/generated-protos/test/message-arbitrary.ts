import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";
import { fromMessage, hasPresence, type MessageValue } from "./message-value.ts";

/** Messages as ts-proto has them, with others in them down to `depth`. */
export function messageArbitrary(message: DescMessage, depth = 3): fc.Arbitrary<MessageValue> {
  const members = message.members.map((member): [string, fc.Arbitrary<unknown>] => {
    if (member.kind === "field") return [member.jsonName, fieldArbitrary(member, depth)];
    const cases = member.fields
      .filter((field) => depth > 0 || !field.message)
      .map((field) => record({ $case: fc.constant(field.jsonName), value: element(field, depth) }));
    return [member.localName, fc.oneof(fc.constant(undefined), ...cases)];
  });
  return record(Object.fromEntries(members));
}

function fieldArbitrary(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const isEnd = field.message !== undefined && depth === 0;
  switch (field.fieldKind) {
    case "list":
      return isEnd ? fc.constant([]) : fc.array(element(field, depth), { maxLength: 4 });
    case "map":
      return isEnd
        ? fc.constant(new Map())
        : fc.map(scalars[field.mapKey], positiveZero(element(field, depth)), { maxKeys: 4 });
    default:
      if (isEnd) return fc.constant(undefined);
      if (!hasPresence(field)) return positiveZero(element(field, depth));
      return fc.option(element(field, depth), { nil: undefined, freq: 3 });
  }
}

function element(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const { message, enum: enumeration, scalar } = field;
  if (message) {
    return messageArbitrary(message, depth - 1).map((value) => fromMessage(message, value));
  }
  if (!enumeration) return scalars[scalar as ScalarType];
  const known = enumeration.values.map(({ number }) => number);
  return fc.oneof(fc.constantFrom(...known), int32);
}

function record(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<MessageValue> {
  return fc.record(members, { noNullPrototype: true });
}

/** ts-proto loses the sign of -0 where it does not write 0: see differences.test.ts. */
function positiveZero(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return value.map((number) => (number === 0 ? 0 : number));
}

function integers(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(min, 0, max), fc.integer({ min, max }));
}

function bigints(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  return fc.oneof(fc.constantFrom(min, 0n, max), fc.bigInt({ min, max }));
}

const int32 = integers(-(2 ** 31), 2 ** 31 - 1);
const uint32 = integers(0, 2 ** 32 - 1);
const int64 = bigints(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = bigints(0n, 2n ** 64n - 1n);
const specialNumbers = fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity);

/** Among them texts whose length takes two bytes, and names that every object has. */
const specialStrings = [
  "",
  "\0",
  "\uFEFFmark",
  "\u{10FFFF}",
  "u".repeat(200),
  "ü".repeat(100),
  "__proto__",
  "constructor",
];

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.DOUBLE]: fc.oneof(
    specialNumbers,
    fc.constantFrom(Number.MIN_VALUE, Number.MAX_VALUE),
    fc.double(),
  ),
  [ScalarType.FLOAT]: fc.oneof(
    specialNumbers,
    fc.constantFrom(2 ** -149, (2 - 2 ** -23) * 2 ** 127),
    fc.float(),
  ),
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.BOOL]: fc.boolean(),
  // "binary" is every code point; what it leaves out are lone surrogates, which UTF-8 cannot have.
  [ScalarType.STRING]: fc.oneof(
    fc.constantFrom(...specialStrings),
    fc.string({ unit: "binary", maxLength: 40, size: "max" }),
  ),
  [ScalarType.BYTES]: fc
    .oneof(
      fc.constantFrom(0, 127, 128).map((size) => new Uint8Array(size)),
      fc.uint8Array(),
    )
    .map((bytes) => Buffer.from(bytes)),
};
