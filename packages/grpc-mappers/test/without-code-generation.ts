// Run with --disallow-code-generation-from-strings by compile.test.ts.
import assert from "node:assert/strict";
import { Tree } from "@grpc-kit/testing/fixtures";
import { copy, createMapper, int32 } from "../src/index.ts";
import { treeMapper } from "./fixture-mappers.ts";

assert.throws(() => new Function("return 1"), EvalError);

const message = Tree.fromPartial({
  name: "oak",
  leaf: { veins: [{ length: 7n }] },
  branches: [{ leaf: {} }],
  scalars: { fSint64: 5n, fColour: 1 },
});
const entity = treeMapper.fromProto(message);
assert.deepEqual(treeMapper.toProto(entity), message);
assert.deepEqual(Object.keys(treeMapper.toProto(entity)), Object.keys(message));
assert.throws(() => treeMapper.fromProto(Tree.create()), {
  message: "leaf: must be present, got none",
});

type Odd = Record<"__proto__" | "b", number>;
const odd = createMapper<Odd, Odd>()({ ["__proto__"]: int32, b: copy });
const made = odd.toProto({ ["__proto__"]: 1, b: 2 });
assert.deepEqual(Object.entries(made), [
  ["__proto__", 1],
  ["b", 2],
]);
process.stdout.write("mapped without code generation\n");
