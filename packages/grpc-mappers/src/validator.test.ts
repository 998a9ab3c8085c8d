import {
  type CreateItemRequest,
  type GetItemRequest,
  ItemServiceService,
  ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { thrownBy, violationsIn } from "../test/thrown-by.ts";
import { createValidator, requestValidators, type StandardSchema } from "./validator.ts";

const createItem = z.object({
  name: z.string().min(1).max(200),
  description: z.string().max(2_000),
  sku: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  quantity: z.int32().min(0),
  price: z.number().min(0),
});

const validator = createValidator<CreateItemRequest>()(createItem);

const request: CreateItemRequest = {
  name: "Desk lamp",
  description: "",
  sku: "lamp-1",
  quantity: 10,
  price: 24.9,
};

/** A schema that finds these issues in everything. */
function finding(...issues: readonly object[]): StandardSchema<GetItemRequest, unknown> {
  const validate = () => ({ issues: issues.map((issue) => ({ message: "is wrong", ...issue })) });
  return { "~standard": { version: 1, vendor: "test", validate } };
}

function validateId(schema: StandardSchema<GetItemRequest, unknown>, maxViolations?: number) {
  const options = maxViolations === undefined ? {} : { maxViolations };
  return createValidator<GetItemRequest>()(schema, options).violations({ id: "" });
}

describe("createValidator", () => {
  it("finds nothing in a valid message", () => {
    expect(validator.violations(request)).toEqual([]);
    expect(thrownBy(() => validator.validate(request))).toBeUndefined();
  });

  it("throws one ValidationError with all violations", () => {
    const { validate } = validator;
    expect(thrownBy(() => validate({ ...request, name: "", quantity: -1 }))).toMatchObject({
      violations: [
        { field: "name", description: expect.stringContaining(">=1"), reason: "TOO_SMALL" },
        { field: "quantity", reason: "TOO_SMALL" },
      ],
    });
  });

  it.each<[string, Partial<CreateItemRequest>, boolean]>([
    ["a name of 1", { name: "n" }, true],
    ["a name of 200", { name: "n".repeat(200) }, true],
    ["a name of 201", { name: "n".repeat(201) }, false],
    ["a description of 2,000", { description: "d".repeat(2_000) }, true],
    ["a description of 2,001", { description: "d".repeat(2_001) }, false],
    ["a sku of 64", { sku: "s".repeat(64) }, true],
    ["a sku of 65", { sku: "s".repeat(65) }, false],
    ["a quantity of 0", { quantity: 0 }, true],
    ["the last quantity", { quantity: 2 ** 31 - 1 }, true],
    ["one more", { quantity: 2 ** 31 }, false],
    ["a price of 0", { price: 0 }, true],
    ["the highest price", { price: Number.MAX_VALUE }, true],
    ["an infinite price", { price: Number.POSITIVE_INFINITY }, false],
    ["a price of NaN", { price: Number.NaN }, false],
  ])("holds the bounds of a schema: %s", (_case, changes, isValid) => {
    expect(validator.violations({ ...request, ...changes }).length === 0).toBe(isValid);
  });

  it("takes schemas of another library, whose paths have objects", () => {
    const other = createValidator<CreateItemRequest>()(
      v.object({
        name: v.pipe(v.string(), v.minLength(1)),
        description: v.string(),
        sku: v.string(),
        quantity: v.number(),
        price: v.number(),
      }),
    );
    expect(violationsIn(() => other.validate({ ...request, name: "" }))).toEqual([
      ["name", "Invalid length: Expected >=1 but received 0"],
    ]);
  });

  it.each([
    [{}, undefined],
    [{ code: "too_small" }, "TOO_SMALL"],
    [{ code: "ab" }, undefined],
    [{ code: "abc" }, "ABC"],
    [{ code: "a".repeat(63) }, "A".repeat(63)],
    [{ code: "a".repeat(64) }, undefined],
    [{ code: "not a reason" }, undefined],
    [{ code: "custom" }, undefined],
    [{ code: "_abc" }, undefined],
    [{ code: "abc_" }, undefined],
    [{ code: 7 }, undefined],
  ])("makes a reason of the code of an issue: %j", (issue, reason) => {
    const violation = { field: "", description: "is wrong" };
    expect(validateId(finding(issue))).toEqual([
      reason === undefined ? violation : { ...violation, reason },
    ]);
  });

  it("tells fifty violations, and how many there are besides", () => {
    const many = (count: number) => finding(...Array(count).fill({ path: ["id"] }));
    expect(validateId(many(50))).toHaveLength(50);
    const found = validateId(many(52));
    expect(found).toHaveLength(51);
    expect(found[49]).toEqual({ field: "id", description: "is wrong" });
    expect(found[50]).toEqual({ field: "", description: "and 2 more" });
    expect(validateId(many(3), 1)).toHaveLength(2);
  });

  it.each([0, -1, 0.5, Number.NaN])("throws a RangeError for maxViolations = %d", (count) => {
    expect(() => validateId(finding(), count)).toThrow(RangeError);
  });

  it("throws a TypeError for an asynchronous schema", () => {
    const schema = z.object({ id: z.string().refine(async (id) => id !== "") });
    const { validate } = createValidator<GetItemRequest>()(schema);
    const error = thrownBy(() => validate({ id: "" }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toHaveProperty("message", expect.stringContaining("must be synchronous"));
  });

  it("lets through what a rule throws", () => {
    const bug = new Error("oops");
    const check = () => {
      throw bug;
    };
    const { violations } = createValidator<GetItemRequest>()(
      v.object({ id: v.pipe(v.string(), v.check(check)) }),
    );
    expect(thrownBy(() => violations({ id: "" }))).toBe(bug);
  });

  it("has what a rule of zod throws as the cause, and leaves no rejection behind", async () => {
    const bug = new Error("oops");
    const check = () => {
      throw bug;
    };
    const { violations } = createValidator<GetItemRequest>()(
      z.object({ id: z.string().refine(check) }),
    );
    const error = thrownBy(() => violations({ id: "" }));
    await expect.poll(() => (error as TypeError).cause).toBe(bug);
  });
});

describe("requestValidators", () => {
  const { createItem, getItem } = ItemServiceService;
  const id = createValidator<GetItemRequest>()(z.object({ id: z.string().min(1) }));

  it("has the validators by the paths of the methods", () => {
    const byPath = requestValidators(
      { createItem, getItem },
      { createItem: validator, getItem: id },
    );
    expect([...byPath.keys()]).toEqual([
      "/examples.ItemService/CreateItem",
      "/examples.ItemService/GetItem",
    ]);
    expect(byPath.get(getItem.path)).toBe(id);
    expect(byPath.get(getItem.path)?.violations({ id: "" })).toHaveLength(1);
  });

  it("takes whatever comes, as the schema does", () => {
    const byPath = requestValidators({ getItem }, { getItem: id });
    for (const message of [undefined, null, 1, "", [], ItemSyncRequest.create()]) {
      expect(thrownBy(() => byPath.get(getItem.path)?.validate(message))).toBeInstanceOf(
        ValidationError,
      );
    }
  });

  it.each([
    ["without a validator", {}, "getItem must have a validator, got none"],
    [
      "that does not exist",
      { getItem: id, toString: id },
      "validators must be for methods of the service, got toString",
    ],
  ])("throws a TypeError for a method %s", (_case, validators, message) => {
    const make = requestValidators as (definition: object, validators: object) => unknown;
    const error = thrownBy(() => make({ getItem }, validators));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toHaveProperty("message", message);
  });
});
