import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import fc from "fast-check";
import type { ItemMethod } from "../wire/items.ts";

// Mostly in order, so that a request with many fields is so often enough.
function mostly<Value>(good: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: other });
}

const text = mostly(
  fc.constantFrom("Lamp", "lamp-1", "💡", "%_'\"\\"),
  fc.oneof(
    fc.constantFrom("", "x".repeat(2_001), "a\0b"),
    fc.string({ unit: "binary", maxLength: 20 }),
  ),
);
const sku = mostly(fc.stringMatching(/^[a-z0-9._-]{1,12}$/), text);
const quantity = mostly(fc.nat(100), fc.integer());
const price = mostly(fc.double({ min: 0, max: 100, noNaN: true }), fc.double());
const id = mostly(fc.uuid(), text);
const optional = { nil: undefined };
const newItem = fc.record({ name: text, description: text, sku, quantity, price });
const timestamp = fc.record({
  seconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  nanos: quantity,
});
const item = fc.record({
  id,
  name: text,
  description: text,
  sku,
  quantity,
  price,
  isActive: fc.boolean(),
  createdAt: fc.option(timestamp, optional),
  updatedAt: fc.option(timestamp, optional),
});
const action = fc.oneof(
  item.map((value) => ({ $case: "upsert" as const, value })),
  id.map((value) => ({ $case: "deleteId" as const, value })),
  fc.constant(undefined),
);

/** Requests that can be read, in order or not, as they are encoded; without a prefix. */
export const requests: Readonly<Record<ItemMethod, fc.Arbitrary<Buffer>>> = {
  getItem: fc.record({ id }).map(ItemServiceService.getItem.requestSerialize),
  createItem: newItem.map(ItemServiceService.createItem.requestSerialize),
  updateItem: fc
    .record({
      id,
      name: fc.option(text, optional),
      description: fc.option(text, optional),
      quantity: fc.option(quantity, optional),
      price: fc.option(price, optional),
    })
    .map(ItemServiceService.updateItem.requestSerialize),
  deleteItem: fc.record({ id }).map(ItemServiceService.deleteItem.requestSerialize),
  listItems: fc
    .record({
      pageSize: quantity,
      pageToken: mostly(fc.constant(""), text),
      filter: mostly(fc.constant(""), text),
    })
    .map(ItemServiceService.listItems.requestSerialize),
  batchCreateItems: newItem.map(ItemServiceService.batchCreateItems.requestSerialize),
  syncItems: fc.record({ action }).map(ItemServiceService.syncItems.requestSerialize),
};
