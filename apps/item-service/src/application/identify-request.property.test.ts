import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { NewItem } from "../domain/item.ts";
import { identifyRequest } from "./identify-request.ts";

const key = { caller: "a", key: "k" };

function fingerprintOf(operation: string, newItems: readonly NewItem[]): string {
  const request = identifyRequest(operation, key);
  for (const newItem of newItems) {
    request.add(newItem);
  }
  return request.end().fingerprint;
}

// Few values, so that the same ones meet; text that could be taken for what is between two fields.
const fields = {
  name: fc.constantFrom("", "a", '"', '","', "\n", "a\n"),
  description: fc.constantFrom("", "a", '","'),
  sku: fc.constantFrom("a", "b"),
  quantity: fc.constantFrom(0, 1),
  price: fc.constantFrom(0, 1, Number.NaN, Number.POSITIVE_INFINITY),
  isActive: fc.boolean(),
};
const request = fc.tuple(
  fc.constantFrom("CreateItem", "BatchCreateItems"),
  fc.array(fc.record(fields, { noNullPrototype: true }), { maxLength: 2 }),
);

it("two requests have the same fingerprint if all they ask for is the same, and only then", () => {
  fc.assert(
    fc.property(request, request, (one, other) => {
      const areEqual = fingerprintOf(...one) === fingerprintOf(...other);
      expect(areEqual).toBe(isDeepStrictEqual(one, other));
    }),
    { numRuns: 1_000 },
  );
});

it("a request has another fingerprint if a field is another", () => {
  const change = fc.record(fields, { requiredKeys: [], noNullPrototype: true });
  fc.assert(
    fc.property(request, change, ([operation, [first, ...others]], changed) => {
      fc.pre(first !== undefined);
      const [one, other] = [first, { ...first, ...changed }];
      const areEqual =
        fingerprintOf(operation, [one, ...others]) === fingerprintOf(operation, [other, ...others]);
      expect(areEqual).toBe(isDeepStrictEqual(one, other));
    }),
    { numRuns: 1_000 },
  );
});

it("a field that is absent counts as what it stands for", () => {
  const lamp = { name: "Lamp", description: "", sku: "LAMP-1", quantity: 1, price: 1 };
  const fingerprint = fingerprintOf("CreateItem", [lamp]);
  expect(fingerprintOf("CreateItem", [{ ...lamp, isActive: true }])).toBe(fingerprint);
  expect(fingerprintOf("CreateItem", [{ ...lamp, isActive: false }])).not.toBe(fingerprint);
});
