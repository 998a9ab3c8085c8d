import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { Tree } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { treeArbitrary } from "../test/fixture-arbitraries.ts";
import { treeMapper } from "../test/fixture-mappers.ts";

const { toProto, fromProto } = treeMapper;

function overTheWire(message: Tree): Tree {
  return Tree.decode(Tree.encode(message).finish());
}

describe("Property 2: Entity-Protobuf mapper consistency (2.3)", () => {
  it("gives back every entity that went over the wire", () => {
    fc.assert(
      fc.property(treeArbitrary(), (entity) => {
        expect(fromProto(overTheWire(toProto(entity)))).toEqual(entity);
      }),
      { numRuns: 200 },
    );
  });

  it("gives back every message that an entity was made of", () => {
    fc.assert(
      fc.property(treeArbitrary(), (entity) => {
        const message = overTheWire(toProto(entity));
        expect(toProto(fromProto(message))).toEqual(message);
      }),
    );
  });
});

it("throws nothing but ValidationErrors, whatever bytes a message was decoded from", () => {
  let refused = 0;
  const damaged = fc
    .tuple(treeArbitrary(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([entity, changes]) => {
      const bytes = Tree.encode(toProto(entity)).finish();
      for (const [position, byte] of changes) {
        bytes[position % bytes.length] = byte;
      }
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 50 })), (bytes) => {
      let message: Tree;
      try {
        message = Tree.decode(bytes);
      } catch {
        return;
      }
      try {
        fromProto(message);
      } catch (error) {
        refused += 1;
        expect(error).toBeInstanceOf(ValidationError);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(refused).toBeGreaterThan(0);
});
