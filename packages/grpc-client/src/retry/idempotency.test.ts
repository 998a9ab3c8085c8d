import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { fileDescriptorSet as fixtureDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { describe, expect, it } from "vitest";
import { readIdempotency } from "./idempotency.ts";

function setOf(packageName: string, level?: MethodOptions_IdempotencyLevel): Uint8Array {
  const options = level === undefined ? {} : { options: { idempotencyLevel: level } };
  const method = [{ name: "M", ...options }];
  const file = [{ name: "a.proto", package: packageName, service: [{ name: "S", method }] }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

describe("readIdempotency", () => {
  it("has the level of each method of all sets", () => {
    const levels = readIdempotency([fileDescriptorSet(), fixtureDescriptorSet()]);
    expect(levels.get("/examples.ItemService/GetItem")).toBe("NO_SIDE_EFFECTS");
    expect(levels.get("/examples.ItemService/UpdateItem")).toBe("IDEMPOTENT");
    expect(levels.get("/examples.ItemService/CreateItem")).toBe("IDEMPOTENCY_UNKNOWN");
    expect(levels.get("/fixtures.FixtureService/Bidi")).toBe("NO_SIDE_EFFECTS");
    expect(levels.has("/examples.ItemService/PutItem")).toBe(false);
  });

  it("knows methods that nothing is said of, and services without a package", () => {
    expect([...readIdempotency([setOf("")])]).toEqual([["/S/M", "IDEMPOTENCY_UNKNOWN"]]);
  });

  it("lets the last set count that has a method", () => {
    const { IDEMPOTENT, NO_SIDE_EFFECTS } = MethodOptions_IdempotencyLevel;
    const sets = [setOf("a.b", IDEMPOTENT), setOf("a.b", NO_SIDE_EFFECTS)];
    expect([...readIdempotency(sets)]).toEqual([["/a.b.S/M", "NO_SIDE_EFFECTS"]]);
  });

  it("reads a set once", () => {
    const set = setOf("a");
    const levels = readIdempotency([set]);
    set.fill(0xff);
    expect(readIdempotency([set])).toEqual(levels);
  });

  it.each([
    ["descriptorSets must be an array, got 'set.binpb'", "set.binpb"],
    ["descriptorSets must be serialised FileDescriptorSets, got 'a.binpb' at 0", ["a.binpb"]],
    ["descriptorSets must be serialised FileDescriptorSets, got undefined at 0", [undefined]],
    ["got <Buffer ff ff ff> at 1", [setOf(""), Buffer.from([255, 255, 255])]],
    ["at 0", [fileDescriptorSet().subarray(0, -1)]],
  ])("throws a TypeError: %s", (message, sets) => {
    expect(() => readIdempotency(sets as Uint8Array[])).toThrow(TypeError);
    expect(() => readIdempotency(sets as Uint8Array[])).toThrow(message);
  });
});
