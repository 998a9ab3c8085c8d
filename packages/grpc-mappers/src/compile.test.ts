import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { compile, makeInParts, type Step } from "./compile.ts";

const steps: readonly Step[] = [
  { target: "id", source: "id", convert: undefined, path: "id" },
  {
    target: "createdAt",
    source: "created",
    convert: (value) => Number(value) + 1,
    path: "created",
  },
  {
    target: "whole",
    source: undefined,
    convert: (whole) => Object.keys(Object(whole)),
    path: "whole",
  },
];
const source = { id: "a", created: 1, more: true };
const made = { id: "a", createdAt: 2, whole: ["id", "created", "more"] };

describe("compile", () => {
  it("makes the same as the loop", () => {
    expect(compile(steps)(source)).toEqual(made);
    expect(makeInParts(steps, source, (_path, convert) => convert())).toEqual(made);
  });

  it("makes an object without fields", () => {
    expect(compile([])(source)).toEqual({});
  });

  it("is the loop where code generation is forbidden", async () => {
    const file = fileURLToPath(new URL("../test/without-code-generation.ts", import.meta.url));
    const flags = ["--disallow-code-generation-from-strings", "--conditions=@grpc-kit/source"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, file]);
    expect(stdout).toBe("mapped without code generation\n");
  });
});
