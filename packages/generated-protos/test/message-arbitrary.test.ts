import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { fixtures, messageOf } from "./contracts.ts";
import { messageArbitrary } from "./message-arbitrary.ts";
import type { MessageValue } from "./message-value.ts";

function sample(type: string): MessageValue[] {
  return fc.sample(messageArbitrary(messageOf(fixtures, type)), { numRuns: 500, seed: 1 });
}

function depthOf({ branches }: MessageValue): number {
  return 1 + Math.max(0, ...(branches as MessageValue[]).map(depthOf));
}

const int32Bounds = [-(2 ** 31), 2 ** 31 - 1];
const uint32Bounds = [2 ** 32 - 1];
const int64Bounds = [-(2n ** 63n), 2n ** 63n - 1n];
const uint64Bounds = [2n ** 64n - 1n];

it.each<[string, unknown[]]>([
  ["fDouble", [0, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE]],
  ["fFloat", [0, -0, NaN, Infinity, -Infinity, 2 ** -149, 3.4028234663852886e38]],
  ["fInt32", [0, ...int32Bounds]],
  ["fSint32", [0, ...int32Bounds]],
  ["fSfixed32", [0, ...int32Bounds]],
  ["fUint32", [0, ...uint32Bounds]],
  ["fFixed32", [0, ...uint32Bounds]],
  ["fInt64", [0n, ...int64Bounds]],
  ["fSint64", [0n, ...int64Bounds]],
  ["fSfixed64", [0n, ...int64Bounds]],
  ["fUint64", [0n, ...uint64Bounds]],
  ["fFixed64", [0n, ...uint64Bounds]],
  ["fBool", [false, true]],
  ["fString", ["", "\0", "\u{10FFFF}", "__proto__"]],
  ["fBytes", [Buffer.alloc(0), Buffer.alloc(128)]],
  ["fColour", [0, -1, ...int32Bounds]],
])(
  "Property 1: the arbitrary values of %s have its bounds and its absence (1.5)",
  (field, bounds) => {
    const values = sample("fixtures.Optionals").map((value) => value[field]);
    for (const bound of [undefined, ...bounds]) {
      expect(
        values.some((value) => isDeepStrictEqual(value, bound)),
        `${bound}`,
      ).toBe(true);
    }
  },
);

it("Property 1: the arbitrary values have every case and every kind of nesting (1.5)", () => {
  const cases = sample("fixtures.Choice").map(
    ({ value }) => (value as MessageValue | undefined)?.$case,
  );
  expect(new Set(cases)).toEqual(
    new Set([undefined, "text", "number", "data", "colour", "scalars", "flag"]),
  );
  const keys = sample("fixtures.Maps").flatMap(({ byString }) => [
    ...(byString as Map<string, string>).keys(),
  ]);
  expect(keys).toEqual(expect.arrayContaining(["", "__proto__", "constructor"]));
  const depths = sample("fixtures.Tree").map(depthOf);
  expect(new Set(depths)).toEqual(new Set([1, 2, 3, 4]));
});
