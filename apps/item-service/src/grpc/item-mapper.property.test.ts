import { Item as ItemMessage } from "@grpc-kit/generated-protos/examples/items";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Item } from "../domain/item.ts";
import { itemMapper } from "./item-mapper.ts";

const anyTime = fc.date({
  min: new Date("0001-01-01T00:00:00.000Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});

// Whatever the types allow; the rules of the domain allow less.
const anyItem: fc.Arbitrary<Item> = fc.record({
  id: fc.uuid(),
  name: fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
  description: fc.string({ unit: "grapheme" }),
  sku: fc.string(),
  quantity: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  // A negative zero is not sent, since it equals the default.
  price: fc.double().map((price) => price + 0),
  isActive: fc.boolean(),
  createdAt: anyTime,
  updatedAt: anyTime,
});

it("Property 2: Entity-Protobuf mapper consistency (2.3)", () => {
  fc.assert(
    fc.property(anyItem, (item) => {
      const bytes = ItemMessage.encode(itemMapper.toProto(item)).finish();
      expect(itemMapper.fromProto(ItemMessage.decode(bytes))).toEqual(item);
    }),
    { numRuns: 1_000 },
  );
});

it("keeps lists in their order", () => {
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 5 }), (items) => {
      expect(itemMapper.fromProtoList(itemMapper.toProtoList(items))).toEqual(items);
    }),
  );
});
