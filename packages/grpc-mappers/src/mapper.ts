import { compile, type Fields, makeInParts, type Step } from "./compile.ts";
import { conversion } from "./conversion.ts";
import { type Converter, copy, eachOf } from "./converter.ts";
import type { Complete, FieldConverters, MapperArguments, Renamed } from "./mapper-types.ts";
import { isValidationError, show } from "./violation.ts";
import { protoName } from "./violation-path.ts";

/** Converts an entity to a message and back. Its functions need no `this`, and it is a Converter. */
export interface ProtobufMapper<Entity, Proto> {
  /** Throws a RangeError for an entity that has no form in the message: the fault is not the caller's. */
  readonly toProto: (entity: Entity) => Proto;
  /** Throws a ValidationError with the path of every field, up to a hundred, that is not valid. */
  readonly fromProto: (proto: Proto) => Entity;
  /** `toProto` for each. Errors name the position: "[3].created_at". */
  readonly toProtoList: (entities: readonly Entity[]) => Proto[];
  /** `fromProto` for each. Violations name the position: "[3].created_at". */
  readonly fromProtoList: (protos: readonly Proto[]) => Entity[];
}

/** A field whose name in the message is `field`. */
export function renamed<const Name extends string, FieldConverter>(
  field: Name,
  converter: FieldConverter,
): Renamed<Name, FieldConverter> {
  return { field, converter };
}

/** What `createMapper<Entity, Proto>()` returns. */
export type MapperMaker<Entity, Proto> = <
  const Fields extends FieldConverters<Entity, Proto>,
  ProtoOnly extends keyof Proto = never,
  EntityOnly extends keyof Entity = never,
>(
  fields: Fields & Complete<Entity, Proto, Fields, ProtoOnly, EntityOnly>,
  ...options: MapperArguments<Entity, Proto, ProtoOnly, EntityOnly>
) => ProtobufMapper<Entity, Proto>;

/**
 * Makes a mapper of one converter for each field of the entity. To forget a field of the entity or of
 * the message does not compile. It is called twice, as TypeScript infers all type arguments or none:
 * `createMapper<Item, ItemMessage>()({ id: copy, createdAt: timestampAsDate })`.
 *
 * A field has the same name on both sides unless it is `renamed`. `protoOnly` and `entityOnly` compute
 * the fields that only one side has, `create` makes instances of a class. A field of the entity that is
 * optional and absent in the message comes back as undefined.
 *
 * Throws a TypeError for what the types do not show: two converters for one field, or none.
 */
export function createMapper<Entity, Proto>(): MapperMaker<Entity, Proto> {
  return (fields, ...[options = {}]) => {
    const mapped = Object.entries<unknown>(fields).map(([name, spec]) => toMappedField(name, spec));
    const toProto = objectMaker<Entity, Proto>({
      steps: [
        ...mapped.map(writeStep),
        ...Object.entries(options.protoOnly ?? {}).map(computeStep),
      ],
      fail: toServerFault,
    });
    const fromProto = objectMaker<Proto, Entity>({
      steps: [
        ...mapped.map(readStep),
        ...Object.entries(options.entityOnly ?? {}).map(computeStep),
      ],
      create: options.create as ((fields: Fields) => Entity) | undefined,
    });
    return {
      toProto,
      fromProto,
      toProtoList: eachOf(toProto, toServerFault),
      fromProtoList: eachOf(fromProto),
    };
  };
}

interface MappedField {
  readonly name: string;
  /** Its name in the message. */
  readonly field: string;
  readonly converter: Converter<unknown, unknown>;
}

function toMappedField(name: string, spec: unknown): MappedField {
  const { field, converter } = isRenamed(spec) ? spec : { field: name, converter: spec };
  if (!isConverter(converter)) {
    throw new TypeError(`${name} must have a converter, got ${show(converter)}`);
  }
  return { name, field, converter };
}

function isRenamed(spec: unknown): spec is Renamed<string, unknown> {
  return typeof spec === "object" && spec !== null && "field" in spec && "converter" in spec;
}

function isConverter(spec: unknown): spec is Converter<unknown, unknown> {
  const { toProto, fromProto } = Object(spec) as Partial<Converter<unknown, unknown>>;
  return typeof toProto === "function" && typeof fromProto === "function";
}

function writeStep({ name, field, converter: { toProto } }: MappedField): Step {
  return {
    target: field,
    source: name,
    convert: toProto === copy.toProto ? undefined : toProto,
    path: protoName(field),
  };
}

function readStep({ name, field, converter: { fromProto } }: MappedField): Step {
  return {
    target: name,
    source: field,
    convert: fromProto === copy.fromProto ? undefined : fromProto,
    path: protoName(field),
  };
}

function computeStep([target, compute]: [string, unknown]): Step {
  const convert = compute as (whole: unknown) => unknown;
  return { target, source: undefined, convert, path: protoName(target) };
}

interface ObjectMaker<Target> {
  readonly steps: readonly Step[];
  readonly create?: ((fields: Fields) => Target) | undefined;
  readonly fail?: (error: unknown) => unknown;
}

function objectMaker<Source, Target>({
  steps,
  create,
  fail,
}: ObjectMaker<Target>): (source: Source) => Target {
  const targets = new Set<string>();
  for (const { target } of steps) {
    if (targets.has(target)) {
      throw new TypeError(`${target} must be made once, got two ways to make it`);
    }
    targets.add(target);
  }
  const make = compile(steps) as (source: unknown) => Target & Fields;
  return conversion<Source, Target>({
    fast: create === undefined ? make : (source) => create(make(source)),
    inParts: (source, convertPart) => {
      const fields = makeInParts(steps, source as Fields, convertPart);
      return () => (create === undefined ? (fields as Target) : create(fields));
    },
    fail,
  });
}

/** What an entity cannot be mapped for is no fault of the caller, as a ValidationError would say. */
function toServerFault(error: unknown): unknown {
  return isValidationError(error)
    ? new RangeError(`cannot map ${error.message}`, { cause: error })
    : error;
}
