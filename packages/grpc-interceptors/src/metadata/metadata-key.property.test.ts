import { Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { metadataBytes } from "./metadata-bytes.ts";
import { binaryListKey, textKey, textListKey } from "./metadata-key.ts";

/** What comes out of the headers that node:http2 would send, repeated texts joined as it joins them. */
function overTheWire(metadata: Metadata): Metadata {
  const headers = Object.entries(metadata.toHttp2Headers()).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return Metadata.fromHttp2Headers(Object.fromEntries(headers));
}

it("lists come out as they went in", () => {
  const [texts, bytes] = [textListKey("x-texts"), binaryListKey("x-bytes-bin")];
  const text = fc.stringMatching(/^[!-+\--~]{1,40}$/);
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.uint8Array({ minLength: 1 })), (list, chunks) => {
      const metadata = new Metadata();
      texts.set(metadata, list);
      bytes.set(metadata, chunks);
      const received = overTheWire(metadata);
      expect(texts.getAll(received)).toEqual(list);
      expect(bytes.getAll(received)).toEqual(chunks.map((chunk) => Buffer.from(chunk)));
    }),
  );
});

it("a text is refused, or comes out as it went in", () => {
  const key = textKey("x-text");
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (value) => {
      const metadata = new Metadata();
      try {
        key.set(metadata, value);
      } catch {
        expect(value).not.toMatch(/^[!-~]+$/);
        return;
      }
      expect(key.get(overTheWire(metadata))).toBe(value);
    }),
    { numRuns: 500 },
  );
});

it("the size is that of the header list in HTTP/2 (RFC 9113, section 6.5.2)", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), fc.array(fc.stringMatching(/^[ -~]*$/)), (a, b) => {
      const metadata = new Metadata();
      for (const bytes of a) {
        metadata.add("a-bin", Buffer.from(bytes));
      }
      for (const text of b) {
        metadata.add("b", text);
      }
      const sizes = Object.entries(metadata.toHttp2Headers()).flatMap(([name, values]) =>
        [values].flat().map((value) => name.length + String(value).length + 32),
      );
      expect(metadataBytes(metadata)).toBe(sizes.reduce((sum, size) => sum + size, 0));
    }),
  );
});
