import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { Tree as TreeMessage } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { treeMapper } from "../test/fixture-mappers.ts";
import { item, itemMapper, itemMessage } from "../test/item-mapper.ts";
import { thrownBy, violationsIn } from "../test/thrown-by.ts";
import { copy, createMapper, int32, int64, renamed } from "./index.ts";

describe("createMapper", () => {
  it("maps each field both ways, renamed ones too", () => {
    expect(itemMapper.toProto(item)).toEqual(itemMessage);
    expect(itemMapper.fromProto(itemMessage)).toEqual(item);
  });

  it("maps lists, without `this`", () => {
    const { toProtoList, fromProtoList } = itemMapper;
    expect(toProtoList([item, item])).toEqual([itemMessage, itemMessage]);
    expect(fromProtoList([itemMessage])).toEqual([item]);
    expect(fromProtoList([])).toEqual([]);
  });

  it("computes the fields that only one side has", () => {
    const mapper = createMapper<{ id: string; version: number }, { id: string; etag: string }>()(
      { id: copy },
      {
        protoOnly: { etag: ({ version }) => `v${version}` },
        entityOnly: { version: ({ etag }) => int32.fromProto(Number(etag.slice(1))) },
      },
    );
    expect(mapper.toProto({ id: "a", version: 7 })).toEqual({ id: "a", etag: "v7" });
    expect(mapper.fromProto({ id: "a", etag: "v7" })).toEqual({ id: "a", version: 7 });
    expect(violationsIn(() => mapper.fromProto({ id: "a", etag: "vx" }))[0]?.[0]).toBe("version");
  });

  it("makes entities by `create`, once all fields are valid", () => {
    class Even {
      readonly number: bigint;
      constructor({ number }: { readonly number: bigint }) {
        if (number % 2n !== 0n) {
          throw new ValidationError([{ field: "number", description: "must be even" }]);
        }
        this.number = number;
      }
      half(): bigint {
        return this.number / 2n;
      }
    }
    const mapper = createMapper<Even, { number: bigint }>()(
      { number: int64 },
      { create: (fields) => new Even(fields) },
    );
    expect(mapper.fromProto({ number: 4n }).half()).toBe(2n);
    expect(violationsIn(() => mapper.fromProto({ number: 3n }))).toEqual([
      ["number", "must be even"],
    ]);
    expect(violationsIn(() => mapper.fromProto({ number: 2n ** 64n }))[0]?.[1]).toContain(
      "integer",
    );
  });

  it("takes any name for a field, and runs none of them", () => {
    const names = [
      "__proto__",
      'a"b',
      "a\\b",
      "\u2028",
      "'];throw 0;['",
      "`$`",
      "constructor",
    ] as const;
    type Odd = Record<(typeof names)[number], number>;
    const each = <Value>(make: (index: number) => Value) =>
      Object.fromEntries(names.map((name, index) => [name, make(index)])) as Record<
        keyof Odd,
        Value
      >;
    const mapper = createMapper<Odd, Odd>()(each(() => int32));
    const entity = each((index) => index);
    const made = mapper.fromProto(mapper.toProto(entity));
    expect(Object.entries(made)).toEqual(Object.entries(entity));
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  });

  it.each([
    ["a field that is made twice", { a: copy, b: renamed("a", copy) }, /^a must be made once/],
    ["a field without a converter", { a: undefined }, /^a must have a converter, got undefined$/],
    ["half a converter", { a: { toProto: String } }, /^a must have a converter/],
  ])("throws a TypeError for %s", (_case, fields, message) => {
    const make = createMapper<object, object>() as (fields: unknown) => unknown;
    const error = thrownBy(() => make(fields));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toHaveProperty("message", expect.stringMatching(message));
  });

  it("makes an entity that shares no bytes with the message", () => {
    const message = TreeMessage.fromPartial({ leaf: {}, scalars: { fBytes: Buffer.from("abc") } });
    const { scalars } = treeMapper.fromProto(message) as { scalars: { fBytes: Uint8Array } };
    message.scalars?.fBytes.fill(0);
    expect(Buffer.from(scalars.fBytes).toString()).toBe("abc");
  });
});
