import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { Envelope, Maps, Tree, Tree_Leaf } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paths, treeService } from "./fault-service.ts";
import { grownMiB, report, serveProcess, sharedProcess } from "./processes.ts";
import { message, nameOf, rawCaller } from "./raw-calls.ts";

const shared = sharedProcess();

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push(128 + (rest % 128));
  }
  return Buffer.of(...bytes, rest);
}

/** A Tree in a Tree's branches, this many times. */
function nested(depth: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (let n = 0; n < depth; n += 1) {
    const prefix = Buffer.concat([Buffer.of((3 << 3) | 2), varint(length)]);
    parts.push(prefix);
    length += prefix.byteLength;
  }
  return Buffer.concat(parts.reverse());
}

describe("a message that is nested", () => {
  it.each([
    [10, "OK"],
    [99, "OK"],
    [102, "INTERNAL"],
    [10_000, "INTERNAL"],
    [500_000, "INTERNAL"],
  ])("B8: is taken up to a depth of 100, and no deeper: %i", async (depth, code) => {
    const raw = rawCaller(shared().port);
    const startMs = performance.now();
    const outcome = await raw.call(paths.grow, message(nested(depth)));
    report(`B8 depth ${depth}`, { code: nameOf(outcome), tookMs: performance.now() - startMs });
    expect(nameOf(outcome)).toBe(code);
    await shared().isAlive();
  });

  it.each([
    [99, "OK"],
    [2_000_000, "INTERNAL"],
  ])("B8: may be of unknown groups, too: %i deep", async (depth, code) => {
    const server = await serveProcess();
    // Field 200, which no message has: its start, and as many ends.
    const [start, end] = [varint((200 << 3) | 3), varint((200 << 3) | 4)];
    const groups = Buffer.concat([Buffer.alloc(2 * depth, start), Buffer.alloc(2 * depth, end)]);
    const body = message(groups.subarray(0, 4 * 1024 * 1024));
    const startMs = performance.now();
    const outcome = await rawCaller(server.port).call(paths.grow, body);
    const tookMs = performance.now() - startMs;
    const after = await server.isAlive();
    report(`B8 groups ${depth}`, {
      code: nameOf(outcome),
      tookMs,
      grownMiB: grownMiB(server, after),
    });
    expect(nameOf(outcome)).toBe(code);
  });
});

it("B9: reads text that is no UTF-8 as far as it is, alike in every kind of call", async () => {
  const raw = rawCaller(shared().port);
  const text = Buffer.from([0xff, 0x41, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
  const body = message(Buffer.concat([Buffer.of((4 << 3) | 2, text.byteLength), text]));
  const answers = await Promise.all([paths.unary, paths.bidi].map((path) => raw.call(path, body)));
  const expected = Envelope.encode(Envelope.decode(body.subarray(5))).finish();
  expect(answers.map(nameOf)).toEqual(["OK", "OK"]);
  expect(answers.map(({ bytes }) => bytes)).toEqual(Array(2).fill(5 + expected.byteLength));
});

it("B9: takes enum values and fields that it does not know", async () => {
  const raw = rawCaller(shared().port);
  const colour = Buffer.of((2 << 3) | 2, 2, (2 << 3) | 0, 99);
  const unknown = Buffer.concat([varint((1_000 << 3) | 2), Buffer.of(1, 65)]);
  const outcome = await raw.call(paths.grow, message(Buffer.concat([colour, unknown])));
  expect(nameOf(outcome)).toBe("OK");
  // The enum's value is kept.
  expect(outcome.bytes).toBe(5 + colour.byteLength);
});

it("B9: reads any bytes, or says that it cannot; what it has read stays the same", () => {
  const { requestDeserialize, requestSerialize } = treeService.grow;
  let readable = 0;
  const field = fc
    .tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(0, 1, 2, 5),
      fc.uint8Array({ maxLength: 20 }),
    )
    .map(([number, type, rest]) => Buffer.concat([varint((number << 3) | type), rest]));
  fc.assert(
    fc.property(fc.array(field, { maxLength: 4 }).map(Buffer.concat), (bytes) => {
      let tree: Tree;
      try {
        tree = requestDeserialize(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      readable += 1;
      expect(requestDeserialize(requestSerialize(tree))).toEqual(tree);
    }),
    { numRuns: 3_000 },
  );
  expect(readable).toBeGreaterThan(100);
});

it("B10: keeps every key of a map, and touches no prototype", async () => {
  const TreeClient = makeGenericClientConstructor(treeService, "TreeService");
  const client = new TreeClient(`127.0.0.1:${shared().port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = treeService.grow;
  const grow = (tree: Tree): Promise<Tree> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, tree, (error, answer) =>
        answer === undefined ? reject(error) : resolve(answer),
      );
    });
  const key = fc.oneof(
    fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty"),
    fc.string({ unit: "grapheme" }),
  );
  const leaf = Tree_Leaf.create({ colour: 1 });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key), async (keys) => {
      const maps = Maps.create({ byString: new Map(keys.map((name) => [name, `of ${name}`])) });
      const namedLeaves = new Map(keys.map((name) => [name, leaf]));
      const answer = await grow(Tree.create({ maps, namedLeaves }));
      expect(answer.maps?.byString).toEqual(maps.byString);
      expect(answer.namedLeaves).toEqual(namedLeaves);
    }),
    { numRuns: 100 },
  );
  client.close();
  expect(Object.keys(Object.prototype)).toEqual([]);
  await shared().isAlive();
});

it("B11: answers any bytes at all with a status", { timeout: 60_000 }, async () => {
  const raw = rawCaller(shared().port);
  const seen: Record<string, number> = {};
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    fc
      .tuple(fc.nat(30), fc.nat(7), fc.uint8Array({ maxLength: 100 }))
      .map(([field, type, rest]) => Buffer.concat([varint((field << 3) | type), rest])),
  );
  const body = fc.oneof(
    { weight: 4, arbitrary: bytes.map((content) => message(content)) },
    { weight: 1, arbitrary: bytes },
    {
      weight: 1,
      arbitrary: fc
        .tuple(bytes, fc.nat(255), fc.nat(300))
        .map(([content, flag, length]) => message(content, { flag, length })),
    },
  );
  const request = fc.tuple(fc.constantFrom(...Object.values(paths)), body);
  await fc.assert(
    fc.asyncProperty(request, async ([path, content]) => {
      const code = nameOf(await raw.call(path, content));
      seen[code] = (seen[code] ?? 0) + 1;
      expect([
        "OK",
        "INVALID_ARGUMENT",
        "INTERNAL",
        "RESOURCE_EXHAUSTED",
        "UNIMPLEMENTED",
      ]).toContain(code);
    }),
    { numRuns: 2_000 },
  );
  report("B11", seen);
  await shared().isAlive();
});
