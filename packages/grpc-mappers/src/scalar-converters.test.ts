import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { thrownBy } from "../test/thrown-by.ts";
import { enumNames, int32, int64, int64AsNumber, uint32, uint64 } from "./index.ts";

/** Both functions take what they are given, as it is. */
function expectTaken<Value>(
  { toProto, fromProto }: { toProto: (value: Value) => Value; fromProto: (value: Value) => Value },
  values: readonly Value[],
): void {
  for (const value of values) {
    expect(toProto(value)).toBe(value);
    expect(fromProto(value)).toBe(value);
  }
}

function expectRefused<Value>(
  { toProto, fromProto }: { toProto: (value: Value) => Value; fromProto: (value: Value) => Value },
  values: readonly Value[],
): void {
  for (const value of values) {
    expect(thrownBy(() => toProto(value))).toBeInstanceOf(ValidationError);
    expect(thrownBy(() => fromProto(value))).toBeInstanceOf(ValidationError);
  }
}

describe("int32, uint32", () => {
  it("take what fits, up to the last number", () => {
    expectTaken(int32, [-(2 ** 31), -1, 0, 2 ** 31 - 1]);
    expectTaken(uint32, [0, 2 ** 32 - 1]);
  });

  it("refuse the first number that does not", () => {
    expectRefused(int32, [-(2 ** 31) - 1, 2 ** 31, 0.5, Number.NaN, Number.POSITIVE_INFINITY]);
    expectRefused(uint32, [-1, 2 ** 32, 0.5, Number.NaN]);
  });

  it("say what they expected and what came", () => {
    expect(thrownBy(() => uint32.toProto(-1))).toMatchObject({
      violations: [{ field: "", description: "must be an integer from 0 to 4294967295, got -1" }],
    });
  });
});

describe("int64, uint64", () => {
  it("take what fits, up to the last number", () => {
    expectTaken(int64, [-(2n ** 63n), 0n, 2n ** 63n - 1n]);
    expectTaken(uint64, [0n, 2n ** 64n - 1n]);
  });

  it("refuse the first number that does not", () => {
    expectRefused(int64, [-(2n ** 63n) - 1n, 2n ** 63n]);
    expectRefused(uint64, [-1n, 2n ** 64n]);
  });
});

describe("int64AsNumber", () => {
  it("takes what a number holds without loss", () => {
    for (const value of [Number.MIN_SAFE_INTEGER, -1, 0, Number.MAX_SAFE_INTEGER]) {
      expect(int64AsNumber.toProto(value)).toBe(BigInt(value));
      expect(int64AsNumber.fromProto(BigInt(value))).toBe(value);
    }
  });

  it("refuses what would lose something", () => {
    for (const value of [2 ** 53, -(2 ** 53), 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(thrownBy(() => int64AsNumber.toProto(value))).toBeInstanceOf(ValidationError);
    }
    for (const wire of [2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n)]) {
      expect(thrownBy(() => int64AsNumber.fromProto(wire))).toBeInstanceOf(ValidationError);
    }
  });
});

describe("enumNames", () => {
  const colour = enumNames({ none: 0, red: 1, infrared: -1 });

  it("has names for numbers", () => {
    expect([colour.toProto("red"), colour.fromProto(-1)]).toEqual([1, "infrared"]);
  });

  it("keeps a number that has no name", () => {
    for (const number of [7, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(colour.toProto(colour.fromProto(number))).toBe(number);
    }
  });

  it.each(["green", "toString", "__proto__", 0.5, 2 ** 31, Number.NaN])("refuses %j", (value) => {
    expect(thrownBy(() => colour.toProto(value as "red"))).toBeInstanceOf(ValidationError);
    expect(thrownBy(() => colour.fromProto(value as number))).toBeInstanceOf(ValidationError);
  });

  it("is not made with two names of one number, or a number that is none of an enum", () => {
    expect(() => enumNames({ grey: 1, gray: 1 })).toThrow(RangeError);
    expect(() => enumNames({ grey: 1, gray: 1 })).toThrow(
      "gray must have a number of its own, got that of grey",
    );
    expect(() => enumNames({ a: 0.5 })).toThrow("a must be an integer of 32 bits, got 0.5");
  });
});
