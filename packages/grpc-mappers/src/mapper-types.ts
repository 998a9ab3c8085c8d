import type { Converter } from "./converter.ts";
import type { NothingLeft } from "./nothing-left.ts";

/** A field of the entity whose name in the message is another. `renamed` makes it. */
export interface Renamed<Name extends string, FieldConverter> {
  readonly field: Name;
  readonly converter: FieldConverter;
}

/** The fields of an entity: what is no method. */
export type FieldName<Entity> = {
  [Name in keyof Entity]-?: NonNullable<Entity[Name]> extends (...args: never[]) => unknown
    ? never
    : Name;
}[keyof Entity];

/** What `create` gets: the fields without the methods. */
export type EntityFields<Entity> = Pick<Entity, FieldName<Entity>>;

/** What each field of the entity may be converted by; `Complete` sees to it that each is. */
export type FieldConverters<Entity, Proto> = {
  readonly [Name in FieldName<Entity>]?:
    | (Name extends keyof Proto ? Converter<Entity[Name], Proto[Name]> : never)
    | {
        [Field in keyof Proto & string]-?: Renamed<Field, Converter<Entity[Name], Proto[Field]>>;
      }[keyof Proto & string];
};

/** Is met by fields that leave nothing out. Otherwise the error has the names of what is left out. */
export type Complete<
  Entity,
  Proto,
  Fields,
  ProtoOnly extends keyof Proto,
  EntityOnly extends keyof Entity,
> = NothingLeft<
  "fields of the entity that are not mapped",
  Exclude<FieldName<Entity>, keyof Fields | EntityOnly>
> &
  NothingLeft<
    "fields of the message that are not mapped",
    Exclude<keyof Proto, MappedField<Fields> | ProtoOnly>
  > & {
    readonly [Name in Exclude<keyof Fields, FieldName<Entity>>]: "is no field of the entity";
  };

type MappedField<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends Renamed<infer Field, unknown> ? Field : Name;
}[keyof Fields];

/** How the fields are made that only one side has. */
export interface MapperOptions<
  Entity,
  Proto,
  ProtoOnly extends keyof Proto,
  EntityOnly extends keyof Entity,
> {
  /** The fields that only the message has, each made of the entity. Default: none. */
  readonly protoOnly?: { readonly [Name in ProtoOnly]: (entity: Entity) => Proto[Name] };
  /** The fields that only the entity has, each made of the message. Default: none. */
  readonly entityOnly?: { readonly [Name in EntityOnly]: (proto: Proto) => Entity[Name] };
  /** Makes the entity. Default: a plain object of the fields. Required if the entity has methods. */
  readonly create?: (fields: EntityFields<Entity>) => Entity;
}

/** The options, which can be left out unless `create` is needed. */
export type MapperArguments<
  Entity,
  Proto,
  ProtoOnly extends keyof Proto,
  EntityOnly extends keyof Entity,
> = [Exclude<keyof Entity, FieldName<Entity>>] extends [never]
  ? [options?: MapperOptions<Entity, Proto, ProtoOnly, EntityOnly>]
  : [
      options: MapperOptions<Entity, Proto, ProtoOnly, EntityOnly> & {
        readonly create: (fields: EntityFields<Entity>) => Entity;
      },
    ];
