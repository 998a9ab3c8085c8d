import { conversion } from "./conversion.ts";
import { refuse } from "./violation.ts";
import { keySegment } from "./violation-path.ts";

/**
 * Converts one kind of value to its form in a message and back. Both functions throw a
 * ValidationError for a value that has no other form; any other error counts as a fault of the
 * converter. They are called without `this`.
 */
export interface Converter<Value, Wire, Read = Wire> {
  readonly toProto: (value: Value) => Wire;
  /** Takes what may stand in a message, which can be more than what `toProto` writes: undefined. */
  readonly fromProto: (wire: Read) => Value;
}

/** The type of `copy`, which converts between two types only if each is assignable to the other. */
export interface Copy {
  readonly toProto: <Value>(value: Value) => Value;
  readonly fromProto: <Value>(value: Value) => Value;
}

function same<Value>(value: Value): Value {
  return value;
}

/** Takes the value as it is. An array, a Map or a Buffer is the same object on both sides. */
export const copy: Copy = { toProto: same, fromProto: same };

type AnyConverter = Converter<unknown, unknown>;

/** Undefined, or what `converter` takes. */
export function optional<Value, Wire, Read>(
  converter: Converter<Value, Wire, Read>,
): Converter<Value | undefined, Wire | undefined, Read | undefined> {
  return {
    toProto: (value) => (value === undefined ? undefined : converter.toProto(value)),
    fromProto: (wire) => (wire === undefined ? undefined : converter.fromProto(wire)),
  };
}

interface NullableCopy {
  readonly toProto: <Value>(value: Value | null) => Value | undefined;
  readonly fromProto: <Value>(wire: Value | undefined) => Value | null;
}

/** Null in the entity and absent in the message, or what `converter` takes. Default: `copy`. */
export function nullable(): NullableCopy;
export function nullable<Value, Wire, Read>(
  converter: Converter<Value, Wire, Read>,
): Converter<Value | null, Wire | undefined, Read | undefined>;
export function nullable(converter: AnyConverter = copy): AnyConverter {
  return {
    toProto: (value) => (value === null ? undefined : converter.toProto(value)),
    fromProto: (wire) => (wire === undefined ? null : converter.fromProto(wire)),
  };
}

/** A message that must be present. `converter` is a mapper, usually. */
export function nested<Value, Wire, Read>(
  converter: Converter<Value, Wire, Read>,
): Converter<Value, Wire, Read | undefined> {
  return {
    toProto: (value) => converter.toProto(value),
    fromProto: (wire) =>
      wire === undefined ? refuse("present", "none") : converter.fromProto(wire),
  };
}

/** A converter that is looked up when it is used: the mapper of a message that can contain itself. */
export function lazy<Value, Wire, Read>(
  converter: () => Converter<Value, Wire, Read>,
): Converter<Value, Wire, Read> {
  return {
    toProto: (value) => converter().toProto(value),
    fromProto: (wire) => converter().fromProto(wire),
  };
}

/** What `list` returns; it takes readonly arrays and makes new ones. */
export interface ListConverter<Value, Wire, Read> {
  readonly toProto: (values: readonly Value[]) => Wire[];
  readonly fromProto: (wire: readonly Read[]) => Value[];
}

interface ListCopy {
  readonly toProto: <Value>(values: readonly Value[]) => Value[];
  readonly fromProto: <Value>(wire: readonly Value[]) => Value[];
}

/** An array whose elements `converter` takes. Default: `copy`. Violations name the position: "[2]". */
export function list(): ListCopy;
export function list<Value, Wire, Read = Wire>(
  converter: Converter<Value, Wire, Read>,
): ListConverter<Value, Wire, Read>;
export function list(converter: AnyConverter = copy): ListConverter<unknown, unknown, unknown> {
  return { toProto: eachOf(converter.toProto), fromProto: eachOf(converter.fromProto) };
}

/** Converts each element. */
export function eachOf<Source, Target>(
  convert: (source: Source) => Target,
  fail?: (error: unknown) => unknown,
): (sources: readonly Source[]) => Target[] {
  return conversion<readonly Source[], Target[]>({
    fast: (sources) => sources.map((source) => convert(source)),
    inParts: (sources, convertPart) => {
      const targets = sources.map((source, index) =>
        convertPart(`[${index}]`, () => convert(source)),
      );
      return () => targets as Target[];
    },
    fail,
  });
}

/** What `mapValues` returns, for keys of any type. */
export interface MapConverter<Value, Wire, Read> {
  readonly toProto: <Key>(values: ReadonlyMap<Key, Value>) => Map<Key, Wire>;
  readonly fromProto: <Key>(wire: ReadonlyMap<Key, Read>) => Map<Key, Value>;
}

interface MapCopy {
  readonly toProto: <Key, Value>(values: ReadonlyMap<Key, Value>) => Map<Key, Value>;
  readonly fromProto: <Key, Value>(wire: ReadonlyMap<Key, Value>) => Map<Key, Value>;
}

/** A Map whose values `converter` takes; keys stay. Default: `copy`. Violations name the key: `["key"]`. */
export function mapValues(): MapCopy;
export function mapValues<Value, Wire, Read = Wire>(
  converter: Converter<Value, Wire, Read>,
): MapConverter<Value, Wire, Read>;
export function mapValues(converter: AnyConverter = copy): MapConverter<unknown, unknown, unknown> {
  return { toProto: eachValueOf(converter.toProto), fromProto: eachValueOf(converter.fromProto) };
}

function eachValueOf<Source, Target>(
  convert: (source: Source) => Target,
): <Key>(sources: ReadonlyMap<Key, Source>) => Map<Key, Target> {
  const convertMap = conversion<ReadonlyMap<unknown, Source>, Map<unknown, Target>>({
    fast: (sources) => {
      const targets = new Map<unknown, Target>();
      for (const [key, source] of sources) {
        targets.set(key, convert(source));
      }
      return targets;
    },
    inParts: (sources, convertPart) => {
      const targets = new Map<unknown, Target | undefined>();
      for (const [key, source] of sources) {
        targets.set(
          key,
          convertPart(keySegment(key), () => convert(source)),
        );
      }
      return () => targets as Map<unknown, Target>;
    },
  });
  return convertMap as <Key>(sources: ReadonlyMap<Key, Source>) => Map<Key, Target>;
}
