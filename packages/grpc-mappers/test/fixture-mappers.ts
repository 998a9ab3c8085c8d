import {
  type Choice,
  Colour,
  type Maps,
  type Optionals,
  type Repeateds,
  type Scalars,
  type Tree,
  type Tree_Leaf,
  type Tree_Leaf_Vein,
} from "@grpc-kit/testing/fixtures";
import type { Any } from "@grpc-kit/testing/fixtures/google/protobuf/any";
import {
  bytes,
  copy,
  createMapper,
  duration,
  enumNames,
  int32,
  int64,
  int64AsNumber,
  lazy,
  list,
  mapValues,
  nested,
  nullable,
  oneof,
  optional,
  type ProtobufMapper,
  renamed,
  type SecondsAndNanos,
  timestampAsDate,
  timestampAsNanoseconds,
  uint32,
  uint64,
} from "../src/index.ts";

type ColourName = "none" | "red" | "blue" | "infrared" | number;

const colour = enumNames({
  none: Colour.COLOUR_UNSPECIFIED,
  red: Colour.COLOUR_RED,
  blue: Colour.COLOUR_BLUE,
  infrared: Colour.COLOUR_INFRARED,
});

export interface ScalarsEntity extends Omit<Scalars, "fBytes" | "fColour" | "fSint64"> {
  readonly fBytes: Uint8Array;
  readonly colour: ColourName;
  readonly fSint64: number;
}

export const scalarsMapper: ProtobufMapper<ScalarsEntity, Scalars> = createMapper<
  ScalarsEntity,
  Scalars
>()({
  fDouble: copy,
  fFloat: copy,
  fInt32: int32,
  fInt64: int64,
  fUint32: uint32,
  fUint64: uint64,
  fSint32: int32,
  fSint64: int64AsNumber,
  fFixed32: uint32,
  fFixed64: uint64,
  fSfixed32: int32,
  fSfixed64: int64,
  fBool: copy,
  fString: copy,
  fBytes: bytes,
  colour: renamed("fColour", colour),
});

export interface OptionalsEntity extends Omit<Optionals, "fBytes" | "fColour" | "fString"> {
  readonly fBytes?: Uint8Array | undefined;
  readonly fColour?: ColourName | undefined;
  readonly fString: string | null;
}

const optionalsMapper = createMapper<OptionalsEntity, Optionals>()({
  fDouble: copy,
  fFloat: copy,
  fInt32: optional(int32),
  fInt64: optional(int64),
  fUint32: optional(uint32),
  fUint64: optional(uint64),
  fSint32: optional(int32),
  fSint64: optional(int64),
  fFixed32: optional(uint32),
  fFixed64: optional(uint64),
  fSfixed32: optional(int32),
  fSfixed64: optional(int64),
  fBool: copy,
  fString: nullable(),
  fBytes: optional(bytes),
  fColour: optional(colour),
});

export interface RepeatedsEntity extends Omit<Repeateds, "fBytes" | "fColour" | "fScalars"> {
  readonly fBytes: readonly Uint8Array[];
  readonly fColour: readonly ColourName[];
  readonly fScalars: ScalarsEntity[];
}

const repeatedsMapper = createMapper<RepeatedsEntity, Repeateds>()({
  fDouble: list(),
  fFloat: copy,
  fInt32: list(int32),
  fInt64: list(int64),
  fUint32: list(uint32),
  fUint64: list(uint64),
  fSint32: list(int32),
  fSint64: list(int64),
  fFixed32: list(uint32),
  fFixed64: list(uint64),
  fSfixed32: list(int32),
  fSfixed64: list(int64),
  fBool: list(),
  fString: list(),
  fBytes: list(bytes),
  fColour: list(colour),
  fScalars: list(scalarsMapper),
});

export interface MapsEntity extends Omit<Maps, "byInt32" | "byBool" | "messages"> {
  readonly byInt32: ReadonlyMap<number, Uint8Array>;
  readonly byBool: ReadonlyMap<boolean, ColourName>;
  readonly messages: ReadonlyMap<string, ScalarsEntity>;
}

const mapsMapper = createMapper<MapsEntity, Maps>()({
  byString: mapValues(),
  byInt32: mapValues(bytes),
  byInt64: mapValues(int64),
  byUint32: copy,
  byUint64: mapValues(uint64),
  bySint64: copy,
  byFixed64: mapValues(),
  byBool: mapValues(colour),
  messages: mapValues(scalarsMapper),
  bySint32: copy,
  byFixed32: copy,
  bySfixed32: copy,
  bySfixed64: copy,
});

export interface ChoiceEntity {
  readonly value:
    | { readonly kind: "text"; readonly value: string }
    | { readonly kind: "number"; readonly value: bigint }
    | { readonly kind: "data"; readonly value: Uint8Array }
    | { readonly kind: "colour"; readonly value: ColourName }
    | { readonly kind: "scalars"; readonly value: ScalarsEntity }
    | { readonly kind: "flag"; readonly value: boolean }
    | undefined;
  readonly other:
    | { readonly kind: "weight"; readonly value: number }
    | { readonly kind: "at"; readonly value: Date }
    | null;
}

export const choiceMapper: ProtobufMapper<ChoiceEntity, Choice> = createMapper<
  ChoiceEntity,
  Choice
>()({
  value: optional(
    oneof({
      text: copy,
      number: int64,
      data: bytes,
      colour,
      scalars: scalarsMapper,
      flag: copy,
    }),
  ),
  other: nullable(oneof({ weight: copy, at: timestampAsDate })),
});

export interface LeafEntity {
  readonly veins: readonly { readonly length: bigint }[];
  readonly colour: ColourName;
}

const veinMapper = createMapper<LeafEntity["veins"][number], Tree_Leaf_Vein>()({ length: int64 });

const leafMapper = createMapper<LeafEntity, Tree_Leaf>()({ veins: list(veinMapper), colour });

interface Note {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

export interface TreeEntity {
  readonly name: string;
  readonly leaf: LeafEntity;
  readonly branches: readonly TreeEntity[];
  readonly namedLeaves: ReadonlyMap<string, LeafEntity>;
  /** Nanoseconds since 1970. */
  readonly plantedAt: bigint | undefined;
  readonly age: SecondsAndNanos | undefined;
  readonly note: Note | null;
  readonly height: bigint | undefined;
  readonly label: string | null;
  readonly scalars: ScalarsEntity | undefined;
  readonly optionals: OptionalsEntity | undefined;
  readonly repeateds: RepeatedsEntity | undefined;
  readonly maps: MapsEntity | undefined;
  readonly choice: ChoiceEntity | undefined;
}

export const treeMapper: ProtobufMapper<TreeEntity, Tree> = createMapper<TreeEntity, Tree>()({
  name: copy,
  leaf: nested(leafMapper),
  branches: list(lazy(() => treeMapper)),
  namedLeaves: mapValues(leafMapper),
  plantedAt: optional(timestampAsNanoseconds),
  age: optional(duration),
  note: nullable(createMapper<Note, Any>()({ typeUrl: copy, value: bytes })),
  height: optional(int64),
  label: nullable(),
  scalars: optional(scalarsMapper),
  optionals: optional(optionalsMapper),
  repeateds: optional(repeatedsMapper),
  maps: optional(mapsMapper),
  choice: optional(choiceMapper),
});
