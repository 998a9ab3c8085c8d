import { ItemServiceService, ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { requestValidators } from "@grpc-kit/grpc-mappers/validator";
import type { FieldViolation } from "@grpc-kit/grpc-status";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createItem } from "../domain/item.ts";
import { itemRequestValidators } from "./item-validators.ts";

const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";
const lamp = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 3, price: 9.5 };
const upsert = {
  ...lamp,
  id: "",
  isActive: true,
  createdAt: { seconds: 2n ** 62n, nanos: -7 },
  updatedAt: undefined,
};

function fieldsOf(violations: readonly FieldViolation[]): readonly string[] {
  return violations.map(({ field }) => field);
}

it("there is a validator for every method", () => {
  const byPath = requestValidators(ItemServiceService, itemRequestValidators);
  expect(byPath.size).toBe(7);
  expect(byPath.get("/examples.ItemService/GetItem")?.violations({ id })).toEqual([]);
});

describe("the validator of", () => {
  it("CreateItemRequest names each field that breaks a rule", () => {
    const { violations } = itemRequestValidators.createItem;
    expect(violations(lamp)).toEqual([]);
    const wrong = { name: "", description: "\0", sku: "?", quantity: -1, price: -1 };
    expect(fieldsOf(violations(wrong))).toEqual([
      "name",
      "description",
      "sku",
      "quantity",
      "price",
    ]);
  });

  it("UpdateItemRequest takes what is absent, and checks what is there", () => {
    const { violations } = itemRequestValidators.updateItem;
    expect(violations({ id })).toEqual([]);
    expect(violations({ id, ...lamp })).toEqual([]);
    expect(fieldsOf(violations({ id: "7", quantity: 1.5 }))).toEqual(["id", "quantity"]);
  });

  it.each(["getItem", "deleteItem"] as const)("%s wants a UUID", (method) => {
    const { violations } = itemRequestValidators[method];
    expect(violations({ id })).toEqual([]);
    expect(violations({ id: "7" })).toMatchObject([
      { field: "id", description: 'must be a UUID, got "7"' },
    ]);
  });

  it("ListItemsRequest takes any page size of 0 or more", () => {
    const ofSize = (pageSize: number) =>
      itemRequestValidators.listItems.violations({ pageSize, pageToken: "", filter: "" });
    expect([ofSize(0), ofSize(2 ** 31 - 1)]).toEqual([[], []]);
    expect(ofSize(-1)).toMatchObject([
      { field: "page_size", description: "must be an integer of 0 or more, got -1" },
    ]);
  });

  it("ItemSyncRequest names fields as the proto has them", () => {
    const { violations } = itemRequestValidators.syncItems;
    const ofUpsert = (fields: object) =>
      fieldsOf(violations({ action: { $case: "upsert", value: { ...upsert, ...fields } } }));
    expect([ofUpsert({}), ofUpsert({ id })]).toEqual([[], []]);
    expect(ofUpsert({ id: "7", name: "" })).toEqual(["upsert.id", "upsert.name"]);
    expect(violations({ action: { $case: "deleteId", value: id } })).toEqual([]);
    expect(fieldsOf(violations({ action: { $case: "deleteId", value: "" } }))).toEqual([
      "delete_id",
    ]);
    expect(violations({ action: undefined })).toMatchObject([
      { field: "action", description: "must be upsert or delete_id, got neither" },
    ]);
  });
});

it("B12: requests and the domain come to the same verdict, at the bounds and beyond", () => {
  const near = (limit: number) => fc.integer({ min: limit - 2, max: limit + 2 });
  const text = (limit: number) =>
    fc
      .tuple(fc.constantFrom("x", "💡", " ", "\0", "\ud800"), fc.oneof(near(2), near(limit)))
      .map(([character, count]) => character.repeat(Math.max(0, count)));
  const request = fc.record({
    name: text(200),
    description: text(2_000),
    sku: text(64),
    quantity: fc.oneof(near(0), near(2 ** 31 - 1), fc.constantFrom(0.5, Number.NaN)),
    price: fc.oneof(near(0), fc.double()),
  });
  fc.assert(
    fc.property(request, (fields) => {
      const violations = itemRequestValidators.createItem.violations(fields);
      const make = () => createItem(fields, { id, now: new Date() });
      if (violations.length === 0) {
        make();
      } else {
        expect(make).toThrow(expect.objectContaining({ violations }));
      }
    }),
    { numRuns: 500 },
  );
});

it("B11: any bytes that decode are accepted or have violations", () => {
  const { encode } = ItemSyncRequest;
  const valid = [
    encode({ action: { $case: "upsert", value: { ...upsert, createdAt: undefined } } }).finish(),
    encode({ action: { $case: "deleteId", value: id } }).finish(),
  ];
  const damaged = fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }))
    .map(([bytes, changes]) => {
      const copy = Uint8Array.from(bytes);
      for (const [position, byte] of changes) {
        copy[position % copy.length] = byte;
      }
      return copy;
    });
  const verdicts = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 50 })), (bytes) => {
      let message: ItemSyncRequest;
      try {
        message = ItemSyncRequest.decode(bytes);
      } catch {
        return;
      }
      const violations = itemRequestValidators.syncItems.violations(message);
      verdicts[violations.length === 0 ? "accepted" : "refused"] += 1;
      expect(violations.every(({ field }) => /^[a-z_.]+$/.test(field))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(50);
});
