import { describe, expect, it } from "vitest";
import { thrownBy } from "../test/thrown-by.ts";
import { bytes, copy, int32, lazy, list, mapValues, nullable, optional } from "./index.ts";

describe("copy", () => {
  it("takes the value itself", () => {
    const value = { a: [1] };
    expect(copy.toProto(value)).toBe(value);
    expect(copy.fromProto(value)).toBe(value);
  });
});

describe("optional", () => {
  it("leaves out undefined, and converts what there is", () => {
    const { toProto, fromProto } = optional(int32);
    expect([toProto(undefined), fromProto(undefined)]).toEqual([undefined, undefined]);
    expect([toProto(0), fromProto(0)]).toEqual([0, 0]);
    expect(() => fromProto(0.5)).toThrow("must be an integer");
  });
});

describe("nullable", () => {
  it("has null for what is absent", () => {
    const { toProto, fromProto } = nullable(int32);
    expect([toProto(null), fromProto(undefined)]).toEqual([undefined, null]);
    expect([toProto(0), fromProto(0)]).toEqual([0, 0]);
    expect(() => toProto(0.5)).toThrow("must be an integer");
  });

  it("copies without a converter", () => {
    const { toProto, fromProto } = nullable();
    expect([toProto(null), toProto("")]).toEqual([undefined, ""]);
    expect([fromProto(undefined), fromProto("")]).toEqual([null, ""]);
  });
});

describe("lazy", () => {
  it("looks up the converter when it is used", () => {
    const later: { converter?: typeof int32 } = {};
    const { toProto, fromProto } = lazy(() => later.converter as typeof int32);
    later.converter = int32;
    expect([toProto(1), fromProto(2)]).toEqual([1, 2]);
  });
});

describe("list", () => {
  it("makes a new array", () => {
    const values = [1, 2];
    for (const { toProto, fromProto } of [list(int32), list()]) {
      expect(toProto(values)).toEqual(values);
      expect(toProto(values)).not.toBe(values);
      expect(fromProto(values)).not.toBe(values);
    }
  });

  it("names the position of each bad element", () => {
    const error = thrownBy(() => list(list(int32)).fromProto([[0], [1, 0.5], [0.5]]));
    expect(error).toMatchObject({ violations: [{ field: "[1][1]" }, { field: "[2][0]" }] });
  });
});

describe("mapValues", () => {
  it("makes a new map with the same keys", () => {
    const values = new Map([["__proto__", 1]]);
    for (const { toProto, fromProto } of [mapValues(int32), mapValues()]) {
      expect(toProto(values)).toEqual(values);
      expect(toProto(values)).not.toBe(values);
      expect(fromProto(values)).toEqual(values);
    }
  });

  it.each([
    ["a text", "k", '["k"]'],
    ["a text with quotes", '"', '["\\""]'],
    ["a long text", "k".repeat(1_000), `["${"k".repeat(80)}…"]`],
    ["a bigint", 7n, "[7]"],
    ["a boolean", true, "[true]"],
  ])("names the key of a bad value: %s", (_case, key, field) => {
    const error = thrownBy(() => mapValues(int32).fromProto(new Map([[key, 0.5]])));
    expect(error).toMatchObject({ violations: [{ field }] });
  });
});

describe("bytes", () => {
  it("copies both ways, into memory of its own", () => {
    const wire = Buffer.from("abc");
    const value = bytes.fromProto(wire);
    wire[0] = 0;
    expect(value).toEqual(new Uint8Array([97, 98, 99]));
    expect(value.buffer.byteLength).toBe(3);
    const written = bytes.toProto(value);
    value[0] = 0;
    expect(written).toEqual(Buffer.from("abc"));
  });
});
