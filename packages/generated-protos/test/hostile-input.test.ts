import { doesNotMatch, ok } from "node:assert/strict";
import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Maps, Tree } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { expect, it } from "vitest";
import { tsProtoCodec } from "./codecs.ts";
import { type Contract, fixtures, messageOf, published } from "./contracts.ts";
import { messageArbitrary } from "./message-arbitrary.ts";
import type { MessageCodec } from "./message-value.ts";

/** Random bytes seldom get past the first tag, so most are a message that has been damaged. */
function hostileBytes(message: DescMessage, { encode }: MessageCodec): fc.Arbitrary<Uint8Array> {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
  const damaged = fc
    .tuple(messageArbitrary(message).map(encode), damage, fc.nat())
    .map(([bytes, changes, end]) => {
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, end % (2 * bytes.length + 1));
    });
  return fc.oneof({ arbitrary: damaged, weight: 3 }, fc.uint8Array({ maxLength: 100 }));
}

it.each<[string, Contract]>([
  ["examples.BatchCreateResponse", published],
  ["google.rpc.BadRequest", published],
  ["grpc.reflection.v1.ServerReflectionResponse", published],
  ["fixtures.Choice", fixtures],
  ["fixtures.Maps", fixtures],
  ["fixtures.Repeateds", fixtures],
  ["fixtures.Tree", fixtures],
])("decoding any bytes as %s returns or throws an Error", async (typeName, contract) => {
  const message = messageOf(contract, typeName);
  const codec = await tsProtoCodec(contract, message);
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(hostileBytes(message, codec), (bytes) => {
      try {
        codec.decode(bytes);
        outcomes.add("returned");
      } catch (error) {
        outcomes.add("threw");
        ok(error instanceof Error);
        doesNotMatch(error.message, /call stack/);
      }
    }),
    { numRuns: 2000 },
  );
  expect(outcomes).toEqual(new Set(["returned", "threw"]));
});

/** A tree in a tree and so on: `count` of them. */
function nestedTrees(count: number): Uint8Array {
  const prefixes: Uint8Array[] = [];
  let length = 0;
  while (prefixes.length < count - 1) {
    const prefix = new BinaryWriter().tag(3, WireType.LengthDelimited).uint32(length).finish();
    prefixes.push(prefix);
    length += prefix.length;
  }
  return Buffer.concat(prefixes.reverse());
}

function depthOf({ branches }: Tree): number {
  return 1 + Math.max(0, ...branches.map(depthOf));
}

// The root is one of the hundred. The encoder has no such limit: it writes what no peer would read.
it("decodes a hundred messages in one another and refuses more", () => {
  expect(depthOf(Tree.decode(nestedTrees(100)))).toBe(100);
  for (const count of [101, 10_000]) {
    expect(() => Tree.decode(nestedTrees(count))).toThrow(
      "protobuf decode recursion limit exceeded",
    );
  }
});

it("refuses groups in one another, though it has no field for them", () => {
  const startGroup = 0x0b;
  expect(() => Tree.decode(Buffer.alloc(1_000_000, startGroup))).toThrow("maximum recursion depth");
});

it("keeps the names of what every object has as mere keys of a map", () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  const byString = new Map(["__proto__", "constructor", "toString"].map((key) => [key, "mine"]));
  const decoded = Maps.decode(Maps.encode(Maps.fromPartial({ byString })).finish());
  expect(decoded.byString).toEqual(byString);
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
});
