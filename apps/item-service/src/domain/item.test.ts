import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { changeItem, createItem, type ItemChanges, type NewItem, parseItemId } from "./item.ts";

const id = "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b";
const now = new Date("2026-01-02T03:04:05.678Z");
const later = new Date("2026-02-03T04:05:06.789Z");
const lamp: NewItem = {
  name: "Lamp",
  description: "For a desk",
  sku: "LAMP-1",
  quantity: 3,
  price: 9.5,
};

function violationsOf(act: () => unknown): ValidationError["violations"] {
  try {
    act();
  } catch (error) {
    if (error instanceof ValidationError) {
      return error.violations;
    }
    throw error;
  }
  return [];
}

describe("createItem", () => {
  it("makes an active item that was created and changed now", () => {
    expect(createItem(lamp, { id, now })).toEqual({
      ...lamp,
      id,
      isActive: true,
      createdAt: now,
      updatedAt: now,
    });
  });

  it("takes isActive if it is there", () => {
    expect(createItem({ ...lamp, isActive: false }, { id, now }).isActive).toBe(false);
  });

  it.each<ItemChanges>([
    { name: "x" },
    { name: "💡".repeat(200) },
    { description: "" },
    { description: "💡".repeat(2_000) },
    { sku: "a" },
    { sku: `AZaz09._-${"x".repeat(55)}` },
    { quantity: 0 },
    { quantity: 2_147_483_647 },
    { price: 0 },
    { price: Number.MIN_VALUE },
    { price: Number.MAX_VALUE },
  ])("allows %j", (fields) => {
    expect(createItem({ ...lamp, ...fields } as NewItem, { id, now })).toMatchObject(fields);
  });

  it.each<[keyof NewItem, ItemChanges, string]>([
    ["name", { name: "" }, "must have 1 to 200 characters, got 0"],
    ["name", { name: "x".repeat(201) }, "must have 1 to 200 characters, got 201"],
    ["name", { name: " \t" }, 'must not be blank, got " \\t"'],
    ["name", { name: "a\0b" }, 'must be Unicode text without U+0000, got "a\\u0000b"'],
    ["name", { name: "\ud800" }, 'must be Unicode text without U+0000, got "\\ud800"'],
    [
      "description",
      { description: "x".repeat(2_001) },
      "must have at most 2000 characters, got 2001",
    ],
    ["description", { description: "\0" }, 'must be Unicode text without U+0000, got "\\u0000"'],
    ["sku", { sku: "" }, 'must have 1 to 64 of A-Z a-z 0-9 . _ -, got ""'],
    ["sku", { sku: "LAMP 1" }, 'must have 1 to 64 of A-Z a-z 0-9 . _ -, got "LAMP 1"'],
    ["sku", { sku: "LAMP\n" }, 'must have 1 to 64 of A-Z a-z 0-9 . _ -, got "LAMP\\n"'],
    [
      "sku",
      { sku: "x".repeat(65) },
      `must have 1 to 64 of A-Z a-z 0-9 . _ -, got "${"x".repeat(65)}"`,
    ],
    ["quantity", { quantity: -1 }, "must be an integer from 0 to 2147483647, got -1"],
    ["quantity", { quantity: 1.5 }, "must be an integer from 0 to 2147483647, got 1.5"],
    ["quantity", { quantity: 2 ** 31 }, "must be an integer from 0 to 2147483647, got 2147483648"],
    ["quantity", { quantity: Number.NaN }, "must be an integer from 0 to 2147483647, got NaN"],
    ["price", { price: -0.01 }, "must be a finite number of 0 or more, got -0.01"],
    [
      "price",
      { price: Number.POSITIVE_INFINITY },
      "must be a finite number of 0 or more, got Infinity",
    ],
    ["price", { price: Number.NaN }, "must be a finite number of 0 or more, got NaN"],
  ])("refuses a %s as in %j", (field, fields, description) => {
    const act = () => createItem({ ...lamp, ...fields } as NewItem, { id, now });
    expect(violationsOf(act)).toMatchObject([{ field, description }]);
  });

  it("reports every field that breaks a rule, in the violations and in the message", () => {
    const act = () =>
      createItem({ name: "", description: "", sku: "?", quantity: -1, price: -1 }, { id, now });
    expect(violationsOf(act).map(({ field }) => field)).toEqual([
      "name",
      "sku",
      "quantity",
      "price",
    ]);
    expect(act).toThrow(/^name: .+; sku: .+; quantity: .+; price: .+$/);
  });
});

describe("changeItem", () => {
  const item = createItem(lamp, { id, now });

  it.each<ItemChanges>([
    { name: "Lantern" },
    { description: "" },
    { sku: "LAMP-2" },
    { quantity: 0 },
    { price: 0 },
    { isActive: false },
    { name: "Lantern", price: 12 },
  ])("changes only what is there: %j", (changes) => {
    expect(changeItem(item, changes, later)).toEqual({ ...item, ...changes, updatedAt: later });
  });

  it.each<ItemChanges>([{}, { name: undefined, quantity: undefined }, { ...lamp, isActive: true }])(
    "returns the same item for %j",
    (changes) => {
      expect(changeItem(item, changes, later)).toBe(item);
    },
  );

  it("leaves the id and the time of creation alone, whatever else the changes have", () => {
    const changes = { name: "Lantern", id: "other", createdAt: later };
    expect(changeItem(item, changes, later)).toMatchObject({ id, createdAt: now });
  });

  it("refuses changes that break a rule", () => {
    const act = () => changeItem(item, { name: "", quantity: -1 }, later);
    expect(violationsOf(act).map(({ field }) => field)).toEqual(["name", "quantity"]);
  });
});

describe("parseItemId", () => {
  it("returns the id in lower case", () => {
    expect(parseItemId(id.toUpperCase())).toBe(id);
  });

  it.each(["", "1", `${id}0`, ` ${id}`, `${id}\n`, id.replaceAll("-", ""), id.replace("6", "g")])(
    "refuses %j",
    (text) => {
      expect(violationsOf(() => parseItemId(text))).toEqual([
        { field: "id", description: `must be a UUID, got ${JSON.stringify(text)}` },
      ]);
    },
  );

  it("names the field that the id came in", () => {
    expect(violationsOf(() => parseItemId("1", "delete_id"))[0]?.field).toBe("delete_id");
  });
});
