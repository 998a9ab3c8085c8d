import { describe, expect, it } from "vitest";
import type { Item } from "./item.ts";
import { ItemChangedError } from "./item-errors.ts";
import { checkItemVersion, itemVersion } from "./item-version.ts";

const item: Item = {
  id: "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b",
  name: "Lamp",
  description: "For a desk",
  sku: "LAMP-1",
  quantity: 1,
  price: 1,
  isActive: true,
  createdAt: new Date(1),
  updatedAt: new Date(2),
};

describe("itemVersion", () => {
  it("stays the same for the same state, in all releases", () => {
    expect(itemVersion({ ...item })).toBe("epAdbr6RQAh0T0SEs_dS8C");
  });

  it.each<Partial<Item>>([
    { id: "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4c" },
    { name: "Lamp " },
    { name: 'Lamp","For a desk', description: "" },
    { description: "" },
    { sku: "LAMP-2" },
    { quantity: 2 },
    { price: 1.000_000_000_000_000_2 },
    { isActive: false },
    { createdAt: new Date(2) },
    { updatedAt: new Date(3) },
  ])("is another with %o", (fields) => {
    expect(itemVersion({ ...item, ...fields })).not.toBe(itemVersion(item));
    expect(itemVersion({ ...item, ...fields })).toMatch(/^[\w-]{22}$/);
  });
});

describe("checkItemVersion", () => {
  it("takes an item in one of the versions, and no other", () => {
    const version = itemVersion(item);
    checkItemVersion(item, ["other", version]);
    for (const versions of [[], ["other"], [version.toLowerCase()]]) {
      expect(() => checkItemVersion(item, versions)).toThrow(new ItemChangedError(item.id));
    }
  });
});
