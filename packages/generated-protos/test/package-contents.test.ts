import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };

const generated = fileURLToPath(new URL("../src/gen", import.meta.url));
const modules = readdirSync(generated, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.slice(0, -".ts".length));

it("exports every generated module at a subpath of its own, and nothing from a root", () => {
  const { "./package.json": _, ...entries } = manifest.exports;
  expect(Object.keys(entries)).not.toContain(".");
  const expected = modules.map((path) => ({
    "@grpc-kit/source": `./src/gen/${path}.ts`,
    types: `./dist/gen/${path}.d.ts`,
    default: `./dist/gen/${path}.js`,
  }));
  expect(Object.values(entries)).toHaveLength(expected.length);
  expect(Object.values(entries)).toEqual(expect.arrayContaining(expected));
});

it("exports the descriptors of every generated file with what they import, and no fixtures", () => {
  const { file: files } = fromBinary(FileDescriptorSetSchema, fileDescriptorSet());
  const names = files.map(({ name }) => name);
  const protos = modules.filter((path) => path !== "descriptors").map((path) => `${path}.proto`);
  expect(names.toSorted()).toEqual(protos.toSorted());
  for (const { dependency } of files) expect(names).toEqual(expect.arrayContaining(dependency));
  expect(names.filter((name) => name.startsWith("fixtures/"))).toEqual([]);
});

it("returns the same descriptors each time", () => {
  expect(fileDescriptorSet()).toBe(fileDescriptorSet());
});
