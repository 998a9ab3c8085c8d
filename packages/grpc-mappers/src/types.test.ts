import type {
  CreateItemRequest,
  Item as ItemMessage,
  UpdateItemRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { type Choice, Colour, type Scalars, type Tree } from "@grpc-kit/testing/fixtures";
import { expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import {
  bytes,
  type Converter,
  copy,
  createFieldMask,
  createMapper,
  createValidator,
  enumNames,
  int64,
  int64AsNumber,
  list,
  type MaskFields,
  nullable,
  oneof,
  optional,
  type ProtobufMapper,
  renamed,
  requestValidators,
  timestampAsDate,
} from "./index.ts";

interface Item {
  readonly id: string;
  readonly note?: string;
  readonly createdAt: Date;
}

interface Message {
  id: string;
  note?: string | undefined;
  createdAt: { seconds: bigint; nanos: number } | undefined;
}

// What must not compile is never run.
function neverRun(_check: () => void): void {
  expect(_check).toBeTypeOf("function");
}

it("types a mapper by its entity and its message", () => {
  const mapper = createMapper<Item, Message>()({
    id: copy,
    note: copy,
    createdAt: timestampAsDate,
  });
  expectTypeOf(mapper).toEqualTypeOf<ProtobufMapper<Item, Message>>();
  expectTypeOf(mapper).toExtend<Converter<Item, Message>>();
});

it("does not compile if a field of the entity is forgotten", () =>
  neverRun(() => {
    // @ts-expect-error createdAt is missing
    createMapper<Item, Message>()({ id: copy, note: copy });
    // @ts-expect-error note is missing, although it is optional on both sides
    createMapper<Item, Message>()({ id: copy, createdAt: timestampAsDate });
  }));

it("does not compile if a field of the message is forgotten", () =>
  neverRun(() => {
    createMapper<{ id: string }, { id: string; etag: string }>()(
      // @ts-expect-error etag is missing
      { id: copy },
    );
    createMapper<{ id: string }, { id: string; etag?: string | undefined }>()(
      // @ts-expect-error etag is missing, although it is optional
      { id: copy },
    );
    createMapper<{ id: string }, { id: string; name: string }>()(
      // @ts-expect-error id is missing, as it is renamed
      { id: renamed("name", copy) },
    );
  }));

it("does not compile for a field that does not exist", () =>
  neverRun(() => {
    createMapper<{ id: string }, { id: string }>()({
      id: copy,
      // @ts-expect-error the entity has no name
      name: copy,
    });
    createMapper<{ id: string }, { id: string }>()({
      // @ts-expect-error the message has no name
      id: renamed("name", copy),
    });
    createMapper<{ id: string }, { id: string }>()(
      { id: copy },
      // @ts-expect-error the message has no etag
      { protoOnly: { etag: () => "" } },
    );
  }));

it("does not compile if a converter is of other types", () =>
  neverRun(() => {
    // @ts-expect-error the entity has a string, the converter a number
    createMapper<{ id: string }, { id: bigint }>()({ id: int64AsNumber });
    // @ts-expect-error the message has a string, the converter a bigint
    createMapper<{ id: number }, { id: string }>()({ id: int64AsNumber });
    // @ts-expect-error copy does not make a bigint of a number
    createMapper<{ id: number }, { id: bigint }>()({ id: copy });
    // @ts-expect-error a string can be copied to a wider type, but not back
    createMapper<{ id: string }, { id: string | undefined }>()({ id: copy });
    // @ts-expect-error nor can elements be copied
    createMapper<{ ids: number[] }, { ids: bigint[] }>()({ ids: list() });
    // @ts-expect-error the entity does not take null
    createMapper<{ id: string }, { id: string | undefined }>()({ id: nullable() });
    // @ts-expect-error the message may be without a time, and the entity cannot
    createMapper<Item, Message>()({ id: copy, note: copy, createdAt: optional(timestampAsDate) });
  }));

it("takes what computes the fields of one side in place of converters", () =>
  neverRun(() => {
    createMapper<{ id: string; version: number }, { id: string; etag: string }>()(
      { id: copy },
      {
        protoOnly: { etag: (entity) => `v${entity.version.toFixed()}` },
        entityOnly: { version: (proto) => Number(proto.etag.slice(1)) },
      },
    );
    createMapper<{ id: string }, { id: string; etag: string }>()(
      { id: copy },
      // @ts-expect-error an etag is a string
      { protoOnly: { etag: () => 1 } },
    );
  }));

it("asks for create if the entity has methods, which are no fields", () => {
  class Named {
    readonly name: string;
    constructor({ name }: { readonly name: string }) {
      this.name = name;
    }
    greet(): string {
      return `hello ${this.name}`;
    }
  }
  neverRun(() => {
    // @ts-expect-error a plain object has no greet
    createMapper<Named, { name: string }>()({ name: copy });
  });
  const mapper = createMapper<Named, { name: string }>()(
    { name: copy },
    { create: (fields) => new Named(fields) },
  );
  expect(mapper.fromProto({ name: "Ada" }).greet()).toBe("hello Ada");
});

interface ChoiceEntity {
  readonly value:
    | { readonly kind: "text"; readonly value: string }
    | { readonly kind: "number"; readonly value: bigint }
    | { readonly kind: "data"; readonly value: Uint8Array }
    | { readonly kind: "colour"; readonly value: "none" | "red" | number }
    | { readonly kind: "scalars"; readonly value: Scalars }
    | { readonly kind: "flag"; readonly value: boolean }
    | undefined;
  readonly other: Choice["other"];
}

it("does not compile if a case of a oneof is forgotten or wrong", () =>
  neverRun(() => {
    const colour = enumNames({ none: Colour.COLOUR_UNSPECIFIED, red: Colour.COLOUR_RED });
    const cases = { text: copy, number: int64, data: bytes, colour, flag: copy };
    createMapper<ChoiceEntity, Choice>()({
      value: optional(oneof({ ...cases, scalars: copy })),
      other: copy,
    });
    createMapper<ChoiceEntity, Choice>()({
      // @ts-expect-error scalars is missing
      value: optional(oneof(cases)),
      other: copy,
    });
    createMapper<ChoiceEntity, Choice>()({
      // @ts-expect-error number is a bigint
      value: optional(oneof({ ...cases, scalars: copy, number: int64AsNumber })),
      other: copy,
    });
    createMapper<ChoiceEntity, Choice>()({
      // @ts-expect-error it may be absent
      value: oneof({ ...cases, scalars: copy }),
      other: copy,
    });
  }));

it("types enums by their names, and by numbers without", () => {
  const colour = enumNames({ none: Colour.COLOUR_UNSPECIFIED, red: Colour.COLOUR_RED });
  expectTypeOf(colour.fromProto).returns.toEqualTypeOf<"none" | "red" | number>();
  neverRun(() => {
    // @ts-expect-error blue is no name
    colour.toProto("blue");
  });
});

it("does not compile if a field mask forgets a field", () =>
  neverRun(() => {
    const rules: MaskFields<Pick<Tree, "name" | "leaf" | "height" | "choice">> = {
      name: true,
      leaf: { veins: true, colour: "output-only" },
      height: "optional",
      choice: true,
    };
    createFieldMask<Tree["leaf"] & object>()({ veins: true, colour: true });
    // @ts-expect-error colour is missing
    createFieldMask<Tree["leaf"] & object>()({ veins: true });
    // @ts-expect-error repeated fields are replaced as a whole
    createFieldMask<Tree["leaf"] & object>()({ veins: { length: true }, colour: true });
    // @ts-expect-error a wrapper may be absent
    createFieldMask<Pick<Tree, "height">>()({ height: true });
    // @ts-expect-error a case is missing
    createFieldMask<Pick<Choice, "other">>()({ other: { $case: { weight: true } } });
    return rules;
  }));

const createItem = z.object({
  name: z.string(),
  description: z.string(),
  sku: z.string(),
  quantity: z.int32(),
  price: z.number(),
});

it("does not compile if a schema forgets a field, or has one too many", () =>
  neverRun(() => {
    createValidator<CreateItemRequest>()(createItem);
    // @ts-expect-error price is missing
    createValidator<CreateItemRequest>()(createItem.omit({ price: true }));
    // @ts-expect-error name, description, quantity and price are missing, although they are optional
    createValidator<UpdateItemRequest>()(z.object({ id: z.string() }));
    // @ts-expect-error the message has no colour
    createValidator<CreateItemRequest>()(createItem.extend({ colour: z.string() }));
    // @ts-expect-error a price is a number
    createValidator<CreateItemRequest>()(createItem.extend({ price: z.string() }));
    // @ts-expect-error these are no rules
    createValidator<CreateItemRequest>()(z.any());
    // @ts-expect-error a message is there or undefined, and the key is always there
    createValidator<Pick<ItemMessage, "createdAt">>()(z.object({ createdAt: z.any().optional() }));
  }));

it("does not compile if a method has no validator, or that of another message", () =>
  neverRun(() => {
    const { getItem, updateItem } = ItemServiceService;
    const id = createValidator<{ id: string }>()(z.object({ id: z.string() }));
    requestValidators({ getItem }, { getItem: id });
    // @ts-expect-error getItem is missing
    requestValidators({ getItem }, {});
    // @ts-expect-error an update has more than an id
    requestValidators({ updateItem }, { updateItem: id });
    // @ts-expect-error the service has no such method
    requestValidators({ getItem }, { getItem: id, getItems: id });
  }));
