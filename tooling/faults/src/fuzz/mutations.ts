import fc from "fast-check";

/** One way in which bytes are changed; where, is in parts of 65,536 of their length. */
const mutation = fc.record({
  kind: fc.constantFrom("flip", "set", "cut", "drop", "repeat", "insert"),
  at: fc.nat(65_535),
  length: fc.nat(8),
  byte: fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255)),
  bytes: fc.uint8Array({ maxLength: 12 }),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutate(bytes: Buffer, { kind, at: part, length, byte, bytes: more }: Mutation): Buffer {
  const at = Math.floor((part * (bytes.byteLength + 1)) / 65_536);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case "flip":
      return Buffer.concat([
        head,
        tail.subarray(0, 1).map((old) => old ^ (1 << (byte & 7))),
        tail.subarray(1),
      ]);
    case "set":
      return Buffer.concat([head, tail.subarray(0, 1).fill(byte), tail.subarray(1)]);
    case "cut":
      return head;
    case "drop":
      return Buffer.concat([head, tail.subarray(length)]);
    case "repeat":
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    default:
      return Buffer.concat([head, more, tail]);
  }
}

/** What is in order, changed in one to three places. */
export function mutated(valid: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
  // "fill" writes in place.
  return fc.tuple(valid, mutations).map(([bytes, all]) => all.reduce(mutate, Buffer.from(bytes)));
}

/** Any bytes at all. */
export const anyBytes: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 200 })
  .map((bytes) => Buffer.from(bytes));
