import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { type Tree, Tree as TreeMessage } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { treeMapper } from "../test/fixture-mappers.ts";
import { badItem, badMessage, item, itemMapper, itemMessage } from "../test/item-mapper.ts";
import { thrownBy, violationsIn } from "../test/thrown-by.ts";
import { createMapper, int32, lazy, list, nested, type ProtobufMapper } from "./index.ts";

describe("createMapper", () => {
  it("names every field of the message that is not valid, as the proto does", () => {
    expect(violationsIn(() => itemMapper.fromProto(badMessage))).toEqual([
      ["created_at", "must be present, got none"],
      ["unit_price", "must be present, got none"],
    ]);
  });

  it("names the position in a list", () => {
    const fields = violationsIn(() =>
      itemMapper.fromProtoList([itemMessage, badMessage, itemMessage, badMessage]),
    ).map(([field]) => field);
    expect(fields).toEqual([
      "[1].created_at",
      "[1].unit_price",
      "[3].created_at",
      "[3].unit_price",
    ]);
  });

  it("names fields in lists, maps, oneofs and nested messages", () => {
    const message = TreeMessage.fromPartial({
      leaf: { veins: [{ length: 1n }, { length: 2n ** 63n }], colour: 1 },
      branches: [{ leaf: {} }, {}],
      namedLeaves: new Map([['a "key"', { veins: [{ length: 2n ** 64n }], colour: 0 }]]),
      plantedAt: { seconds: 2n ** 62n },
      scalars: { fInt32: 0.5 },
      choice: {
        value: { $case: "scalars", value: { fUint64: -1n } },
        other: { $case: "at", value: { nanos: -1 } },
      },
    });
    expect(violationsIn(() => treeMapper.fromProto(message)).map(([field]) => field)).toEqual([
      "leaf.veins[1].length",
      "branches[1].leaf",
      'named_leaves["a \\"key\\""].veins[0].length',
      "planted_at",
      "scalars.f_int32",
      "choice.scalars.f_uint64",
      "choice.at",
    ]);
  });

  it("tells no more than a hundred violations", () => {
    const fields = violationsIn(() => itemMapper.fromProtoList(Array(1_000).fill(badMessage)));
    expect(fields).toHaveLength(100);
  });

  it("takes the message of a ValidationError without violations", () => {
    const refusing = createMapper<{ a: string }, { a: string }>()({
      a: {
        toProto: (value) => value,
        fromProto: () => {
          throw new ValidationError("must not be");
        },
      },
    });
    expect(violationsIn(() => refusing.fromProto({ a: "" }))).toEqual([["a", "must not be"]]);
  });

  it("keeps the reasons of violations", () => {
    const violation = { field: "", description: "is taken", reason: "TAKEN" };
    const refusing = createMapper<{ a: string }, { a: string }>()({
      a: {
        toProto: (value) => value,
        fromProto: () => {
          throw new ValidationError([violation]);
        },
      },
    });
    expect(thrownBy(() => refusing.fromProto({ a: "" }))).toMatchObject({
      violations: [{ ...violation, field: "a" }],
    });
  });

  it("throws a RangeError for an entity that cannot be mapped, as that is not the caller's fault", () => {
    const error = thrownBy(() => itemMapper.toProto(badItem));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^cannot map created_at: must be a time .*, got an invalid Date$/,
      ),
      cause: expect.any(ValidationError),
    });
    expect(thrownBy(() => itemMapper.toProtoList([item, badItem]))).toMatchObject({
      name: "RangeError",
      message: expect.stringMatching(/^cannot map \[1\]\.created_at: must be/),
    });
  });

  it("throws an error that names the field if a converter is broken", () => {
    const bug = new TypeError("oops");
    const broken = createMapper<{ innerField: { a: string } }, { innerField: { a: string } }>()({
      innerField: createMapper<{ a: string }, { a: string }>()({
        a: {
          toProto: () => {
            throw bug;
          },
          fromProto: () => {
            throw bug;
          },
        },
      }),
    });
    const message = { innerField: { a: "" } };
    for (const run of [() => broken.fromProto(message), () => broken.toProto(message)]) {
      const error = thrownBy(run);
      expect(error).not.toBeInstanceOf(ValidationError);
      expect(error).toMatchObject({
        message: "cannot map inner_field.a: TypeError: oops",
        cause: bug,
      });
    }
  });

  it("is fit for use after it has thrown", () => {
    thrownBy(() => itemMapper.fromProto(badMessage));
    thrownBy(() => itemMapper.toProto(badItem));
    expect(itemMapper.fromProto(itemMessage)).toEqual(item);
    expect(violationsIn(() => itemMapper.fromProto(badMessage))).toHaveLength(2);
  });

  it("converts each field at the most twice, however deep the message is nested", () => {
    interface Chain {
      readonly length: number;
      readonly next: readonly Chain[];
    }
    let conversions = 0;
    const mapper: ProtobufMapper<Chain, Chain> = createMapper<Chain, Chain>()({
      next: list(lazy(() => mapper)),
      length: {
        toProto: (length) => length,
        fromProto: (length) => {
          conversions += 1;
          return int32.fromProto(length);
        },
      },
    });
    let chain: Chain = { length: 0.5, next: [] };
    for (let depth = 1; depth < 100; depth += 1) {
      chain = { length: depth, next: [chain] };
    }
    expect(violationsIn(() => mapper.fromProto(chain))).toEqual([
      [`${"next[0].".repeat(99)}length`, expect.stringContaining("got 0.5")],
    ]);
    expect(conversions).toBeLessThanOrEqual(200);
  });
});

describe("nested", () => {
  it("refuses a message that is absent", () => {
    expect(violationsIn(() => nested(itemMapper).fromProto(undefined))).toEqual([
      ["", "must be present, got none"],
    ]);
    const withoutLeaf: Tree = TreeMessage.create();
    expect(violationsIn(() => treeMapper.fromProto(withoutLeaf))[0]?.[0]).toBe("leaf");
  });
});
