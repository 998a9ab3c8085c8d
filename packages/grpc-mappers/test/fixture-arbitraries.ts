import fc from "fast-check";
import type {
  ChoiceEntity,
  LeafEntity,
  MapsEntity,
  OptionalsEntity,
  RepeatedsEntity,
  ScalarsEntity,
  TreeEntity,
} from "./fixture-mappers.ts";

// ts-proto does not write a 0, and so loses the sign of -0.
const double = fc.double().map((number) => number + 0);
const float = fc.float().map((number) => number + 0);
const int32 = fc.oneof(fc.constantFrom(-(2 ** 31), 2 ** 31 - 1), fc.integer());
const uint32 = fc.oneof(fc.constant(2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const int64 = fc.oneof(
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const uint64 = fc.oneof(fc.constant(2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const text = fc.oneof(
  fc.constantFrom("__proto__", "constructor", ""),
  fc.string({ unit: "binary", maxLength: 10 }),
);
const data = fc.uint8Array({ maxLength: 10 }).map((bytes) => new Uint8Array(bytes));
const colour = fc.oneof(
  fc.constantFrom("none", "red", "blue", "infrared"),
  int32.filter((number) => number < -1 || number > 2),
);

const kinds = {
  fDouble: double,
  fFloat: float,
  fInt32: int32,
  fInt64: int64,
  fUint32: uint32,
  fUint64: uint64,
  fSint32: int32,
  fSint64: int64,
  fFixed32: uint32,
  fFixed64: uint64,
  fSfixed32: int32,
  fSfixed64: int64,
  fBool: fc.boolean(),
  fString: text,
  fBytes: data,
  fColour: colour,
};

const { fColour: _, ...otherKinds } = kinds;

const scalars = record<ScalarsEntity>({
  ...otherKinds,
  fSint64: fc.maxSafeInteger().map((number) => number + 0),
  colour,
});

const optionals = record<OptionalsEntity>({
  ...eachKind((kind) => fc.option(kind, { nil: undefined })),
  fString: fc.option(text),
});

const repeateds = record<RepeatedsEntity>({
  ...eachKind((kind) => fc.array(kind, { maxLength: 3 })),
  fScalars: fc.array(scalars, { maxLength: 2 }),
});

const maps = record<MapsEntity>({
  byString: mapOf(text, text),
  byInt32: mapOf(int32, data),
  byInt64: mapOf(int64, int64),
  byUint32: mapOf(uint32, double),
  byUint64: mapOf(uint64, uint64),
  bySint64: mapOf(int64, fc.boolean()),
  byFixed64: mapOf(uint64, float),
  byBool: mapOf(fc.boolean(), colour),
  messages: mapOf(text, scalars),
  bySint32: mapOf(int32, text),
  byFixed32: mapOf(uint32, text),
  bySfixed32: mapOf(int32, text),
  bySfixed64: mapOf(int64, text),
});

const choice = record<ChoiceEntity>({
  value: fc.oneof(
    fc.constant(undefined),
    kind("text", text),
    kind("number", int64),
    kind("data", data),
    kind("colour", colour),
    kind("scalars", scalars),
    kind("flag", fc.boolean()),
  ),
  other: fc.oneof(
    fc.constant(null),
    kind("weight", double),
    kind(
      "at",
      fc.date({
        min: new Date("0001-01-01T00:00:00Z"),
        max: new Date("9999-12-31T23:59:59.999Z"),
        noInvalidDate: true,
      }),
    ),
  ),
});

const leaf = record<LeafEntity>({
  veins: fc.array(record({ length: int64 }), { maxLength: 3 }),
  colour,
});

const age = fc
  .tuple(fc.bigInt({ min: 0n, max: 315_576_000_000n }), fc.nat(999_999_999), fc.boolean())
  .map(([seconds, nanos, isNegative]) =>
    isNegative ? { seconds: -seconds, nanos: 0 - nanos } : { seconds, nanos },
  );

/** Trees of any content, with branches down to `depth`. */
export function treeArbitrary(depth = 2): fc.Arbitrary<TreeEntity> {
  return record<TreeEntity>({
    name: text,
    leaf,
    branches: depth === 0 ? fc.constant([]) : fc.array(treeArbitrary(depth - 1), { maxLength: 2 }),
    namedLeaves: mapOf(text, leaf),
    plantedAt: fc.option(
      fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n }),
      { nil: undefined },
    ),
    age: fc.option(age, { nil: undefined }),
    note: fc.option(record({ typeUrl: text, value: data })),
    height: fc.option(int64, { nil: undefined }),
    label: fc.option(text),
    scalars: fc.option(scalars, { nil: undefined }),
    optionals: fc.option(optionals, { nil: undefined }),
    repeateds: fc.option(repeateds, { nil: undefined }),
    maps: fc.option(maps, { nil: undefined }),
    choice: fc.option(choice, { nil: undefined }),
  });
}

function record<Value>(
  members: Record<keyof Value & string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Value> {
  return fc.record(members, {
    noNullPrototype: true,
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<Value>;
}

function eachKind(make: (kind: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>): {
  [Name in keyof typeof kinds]: fc.Arbitrary<unknown>;
} {
  const entries = Object.entries<fc.Arbitrary<unknown>>(kinds).map(([name, arbitrary]) => [
    name,
    make(arbitrary),
  ]);
  return Object.fromEntries(entries);
}

function kind(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.record({ kind: fc.constant(name), value }, { noNullPrototype: true });
}

function mapOf(
  keys: fc.Arbitrary<unknown>,
  values: fc.Arbitrary<unknown>,
): fc.Arbitrary<Map<unknown, unknown>> {
  return fc.map(keys, values, { maxKeys: 3 });
}
