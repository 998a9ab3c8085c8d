import { describe, expect, it } from "vitest";
import { descriptorsModule, viewInsteadOfCopy } from "./generated-code.ts";

describe("viewInsteadOfCopy", () => {
  it("mends a serializer on one line or two", () => {
    for (const space of [" ", "\n      "]) {
      const code = `responseSerialize: (value: Item): Buffer =>${space}Buffer.from(Item.encode(value).finish()),`;
      const mended = viewInsteadOfCopy(code);
      expect(mended).toContain("const bytes = Item.encode(value).finish();");
      expect(mended).toContain("Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)");
    }
  });

  it("complains of a copy that it does not know how to mend", () => {
    const code = "serialize: (v: Item) => { return Buffer.from(Item.encode(v).finish()); }";
    expect(() => viewInsteadOfCopy(code)).toThrow("mend viewInsteadOfCopy");
  });
});

describe("descriptorsModule", () => {
  it("gives back the bytes", async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 256));
    const code = descriptorsModule(bytes).replaceAll(/: (Uint8Array|string)( \| undefined)?/g, "");
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    expect(Buffer.from(module.fileDescriptorSet())).toEqual(bytes);
    expect(module.fileDescriptorSet()).toBe(module.fileDescriptorSet());
  });
});
