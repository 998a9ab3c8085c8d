import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { fileDescriptorSet as fixtureSet } from "@grpc-kit/testing/fixtures/descriptors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGrpcServer } from "../create-server.ts";
import { addReflection } from "./add-reflection.ts";
import { createDescriptorIndex } from "./descriptor-index.ts";
import { type FileDescriptor, readFileDescriptorSet } from "./file-descriptor.ts";

function file(name: string, parts: Partial<FileDescriptor> = {}): FileDescriptor {
  const bytes = Buffer.from(name);
  return { name, bytes, imports: [], optionalImports: [], symbols: [], extensions: [], ...parts };
}

describe("createDescriptorIndex", () => {
  it("takes the first of two files with the same name", () => {
    const [first, second] = ["with comments", "without"].map((text) =>
      file("a.proto", { bytes: Buffer.from(text), symbols: ["a.A"] }),
    ) as [FileDescriptor, FileDescriptor];
    const index = createDescriptorIndex([first, second]);
    expect(index.file("a.proto")).toBe(first);
    expect(index.fileOfSymbol("a.A")).toBe(first);
  });

  it("refuses a second file that has more in it", () => {
    const files = [file("a.proto"), file("a.proto", { bytes: Buffer.of(1), symbols: ["b.B"] })];
    expect(() => createDescriptorIndex(files)).toThrow(
      new TypeError('descriptorSets must agree on "a.proto", got b.B in a later one only'),
    );
  });

  it("refuses a missing import, unless it may be missing", () => {
    const optional = file("a.proto", { optionalImports: ["b.proto"] });
    expect(createDescriptorIndex([optional]).withImports(optional)).toEqual([optional]);
    const present = file("b.proto");
    expect(createDescriptorIndex([optional, present]).withImports(optional)).toHaveLength(2);
    const strict = file("a.proto", { imports: ["b.proto"] });
    expect(() => createDescriptorIndex([strict])).toThrow(
      'descriptorSets must have all imports, got "a.proto" without "b.proto" (buf build',
    );
  });

  it("is not held up by imports in circles or by many ways to the same file", () => {
    const layers = Array.from({ length: 60 }, (_, layer) =>
      ["a", "b"].map((name) =>
        file(`${name}${layer}`, { imports: [`a${(layer + 1) % 60}`, `b${(layer + 1) % 60}`] }),
      ),
    ).flat();
    const index = createDescriptorIndex(layers);
    expect(index.withImports(layers[0] as FileDescriptor)).toHaveLength(120);
  });

  it("collects imports once", () => {
    const [a, b] = [file("a", { imports: ["b"] }), file("b")];
    const index = createDescriptorIndex([a, b]);
    expect(index.withImports(a)).toEqual([a, b]);
    expect(index.withImports(a)).toBe(index.withImports(a));
  });
});

describe("readFileDescriptorSet", () => {
  it("splits a set without a copy", () => {
    const set = fileDescriptorSet();
    const files = readFileDescriptorSet(set);
    expect(files.map(({ name }) => name)).toContain("examples/items.proto");
    expect(files.every(({ bytes }) => bytes.buffer === set.buffer)).toBe(true);
  });

  it("reads weak and option imports", () => {
    const name = (field: number, text: string) => [
      field * 8 + 2,
      text.length,
      ...Buffer.from(text),
    ];
    const body = [name(1, "x"), name(3, "a"), name(3, "b"), [11 * 8, 1], name(15, "o")].flat();
    const [read] = readFileDescriptorSet(Uint8Array.from([10, body.length, ...body]));
    expect(read).toMatchObject({ imports: ["a"], optionalImports: ["b", "o"] });
  });
});

describe("descriptorSets", () => {
  const add = (set: Uint8Array) => () => {
    addReflection(createGrpcServer({ insecure: true }), { descriptorSets: [set] });
  };

  it("must be whole", () => {
    expect(add(fixtureSet().subarray(0, -1))).toThrow(
      /^descriptorSets must be serialised FileDescriptorSets, got .* at 0$/,
    );
    expect(add("set" as unknown as Uint8Array)).toThrow(TypeError);
  });

  it("of any bytes are read or refused with a TypeError", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat(fixtureSet().length - 1), fc.nat(255)).map(([at, byte]) => {
        const mutant = Uint8Array.from(fixtureSet());
        mutant[at] = byte;
        return mutant;
      }),
    );
    fc.assert(
      fc.property(bytes, (set) => {
        try {
          add(set)();
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect((error as Error).message).toMatch(/^descriptorSets must /);
        }
      }),
    );
  });
});
