import { deepStrictEqual } from "node:assert/strict";
import { expect, it } from "vitest";
import { codecsOf } from "./codecs.ts";
import { fixtures, messageOf } from "./contracts.ts";

// By https://protobuf.dev/programming-guides/proto3/#default only +0 goes unwritten. Optional and
// repeated fields and those of a oneof keep -0 everywhere, so the round trips have it there.
it.each([
  ["fixtures.Scalars", "fDouble", 0, -0],
  ["fixtures.Scalars", "fFloat", 0, -0],
  ["fixtures.Maps", "byUint32", new Map([[1, 0]]), new Map([[1, -0]])],
  ["fixtures.Maps", "byFixed64", new Map([[1n, 0]]), new Map([[1n, -0]])],
])(
  "Property 1: ts-proto alone loses the sign of -0 in %s.%s (1.5)",
  async (type, field, zero, negative) => {
    const { "ts-proto": ours, ...others } = await codecsOf(fixtures, messageOf(fixtures, type));
    const empty = ours.decode(new Uint8Array());
    const value = { ...empty, [field]: negative };
    for (const theirs of Object.values(others)) {
      deepStrictEqual(theirs.decode(theirs.encode(value)), value);
      deepStrictEqual(ours.decode(theirs.encode(value)), value);
    }
    deepStrictEqual(ours.decode(ours.encode(value)), { ...empty, [field]: zero });
  },
);

const leaf = { veins: [{ length: 1n }], colour: 0 };

// No encoder here writes such bytes, so no round trip meets them.
it.each([
  {
    title: "drops a map entry without its message",
    type: "fixtures.Tree",
    field: "namedLeaves",
    bytes: [0x22, 3, 0x0a, 1, 0x61],
    ours: new Map(),
    theirs: new Map([["a", { veins: [], colour: 0 }]]),
  },
  {
    title: "takes the last part of a message in parts instead of merging them",
    type: "fixtures.Tree",
    field: "leaf",
    bytes: [0x12, 2, 0x10, 1, 0x12, 4, 0x0a, 2, 0x08, 1],
    ours: leaf,
    theirs: { ...leaf, colour: 1 },
  },
  {
    title: "replaces what is not UTF-8 instead of refusing it",
    type: "fixtures.Scalars",
    field: "fString",
    bytes: [0x72, 1, 0xff],
    ours: "\uFFFD",
    theirs: undefined,
  },
  {
    title: "ignores what comes after a tag of zero instead of refusing it",
    type: "fixtures.Scalars",
    field: "fInt32",
    bytes: [0, 0x18, 1],
    ours: 0,
    theirs: undefined,
  },
])("ts-proto alone $title", async ({ type, field, bytes, ours, theirs }) => {
  const { "ts-proto": tsProto, ...others } = await codecsOf(fixtures, messageOf(fixtures, type));
  expect(tsProto.decode(Uint8Array.from(bytes))[field]).toEqual(ours);
  for (const { decode } of Object.values(others)) {
    if (theirs === undefined) expect(() => decode(Uint8Array.from(bytes))).toThrow();
    else expect(decode(Uint8Array.from(bytes))[field]).toEqual(theirs);
  }
});
