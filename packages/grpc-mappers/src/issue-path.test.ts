import { Item, type ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import type { Choice, Maps, Tree_Leaf } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createValidator } from "./index.ts";
import { issuePath } from "./issue-path.ts";

describe("issuePath", () => {
  const upsert = { action: { $case: "upsert", value: { name: "" } } };
  const deleteId = { action: { $case: "deleteId", value: "" } };
  const leaves = { namedLeaves: new Map([["k", { veins: [{ length: 1n }] }]]) };

  it.each<[string, unknown, readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined]>([
    ["", {}, []],
    ["", {}, undefined],
    ["created_at", { createdAt: undefined }, ["createdAt"]],
    ["f_int32", { fInt32: 0 }, [{ key: "fInt32" }]],
    ["leaf.veins[2].length", {}, ["leaf", "veins", 2, "length"]],
    ['named_leaves["k"].veins[0].length', leaves, ["namedLeaves", "k", "veins", 0, "length"]],
    ["action", {}, ["action"]],
    ["action", upsert, ["action"]],
    ["action", upsert, ["action", "$case"]],
    ["upsert", upsert, ["action", "value"]],
    ["upsert.name", upsert, ["action", "value", "name"]],
    ["delete_id", deleteId, ["action", "value"]],
    ["actions[0].upsert.name", { actions: [upsert] }, ["actions", 0, "action", "value", "name"]],
    ["value", { value: 1 }, ["value"]],
    ["text", { value: { $case: "text", value: 1 } }, ["value", "value"]],
    ["a.b", null, ["a", "b"]],
    ["__proto__.constructor", {}, ["__proto__", "constructor"]],
  ])("is %j", (expected, message, path) => {
    expect(issuePath(message, path)).toBe(expected);
  });
});

describe("createValidator", () => {
  it("names a field in a oneof without the oneof, which is named if it is absent", () => {
    const action = z.discriminatedUnion("$case", [
      z.object({ $case: z.literal("upsert"), value: z.custom<never>(() => false, "must not be") }),
      z.object({ $case: z.literal("deleteId"), value: z.string().min(1) }),
    ]);
    const { violations } = createValidator<ItemSyncRequest>()(z.object({ action }));
    const fieldsOf = (action: ItemSyncRequest["action"]) =>
      violations({ action }).map(({ field }) => field);
    expect(fieldsOf(undefined)).toEqual(["action"]);
    expect(fieldsOf({ $case: "upsert", value: Item.create() })).toEqual(["upsert"]);
    expect(fieldsOf({ $case: "deleteId", value: "" })).toEqual(["delete_id"]);
  });

  it("names the entries of maps and lists as zod finds them", () => {
    const maps = createValidator<Pick<Maps, "byString" | "byInt32">>()(
      z.object({
        byString: z.map(z.string(), z.string().min(1)),
        byInt32: z.map(
          z.int(),
          z.instanceof(Buffer).refine((bytes) => bytes.length > 0),
        ),
      }),
    );
    const found = maps.violations({
      byString: new Map([["a", ""]]),
      byInt32: new Map([[7, Buffer.alloc(0)]]),
    });
    expect(found.map(({ field }) => field)).toEqual(['by_string["a"]', "by_int32[7]"]);
    const leaf = createValidator<Pick<Tree_Leaf, "veins">>()(
      z.object({ veins: z.array(z.object({ length: z.bigint().min(1n) })) }),
    );
    const [violation] = leaf.violations({ veins: [{ length: 1n }, { length: 0n }] });
    expect(violation?.field).toBe("veins[1].length");
  });

  it("names a oneof of scalars", () => {
    const { violations } = createValidator<Pick<Choice, "other">>()(
      z.object({
        other: z.union([
          z.object({ $case: z.literal("weight"), value: z.number().min(1) }),
          z.undefined(),
          z.custom<Choice["other"]>(() => false),
        ]),
      }),
    );
    expect(violations({ other: { $case: "weight", value: 0 } })[0]?.field).toBe("weight");
  });
});
