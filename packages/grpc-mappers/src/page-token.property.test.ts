import { ValidationError } from "@grpc-kit/grpc-status/errors";
import fc from "fast-check";
import { expect, it } from "vitest";
import { thrownBy } from "../test/thrown-by.ts";
import { createPageTokens } from "./page-token.ts";

const tokens = createPageTokens<unknown>({ secrets: ["a".repeat(32), "b".repeat(32)] });
const query = fc.dictionary(fc.string(), fc.jsonValue());

// JSON has no -0.
function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

it("gives back every cursor", () => {
  fc.assert(
    fc.property(fc.jsonValue(), query, (cursor, query) => {
      expect(tokens.read(tokens.create(cursor, query), query)).toEqual(json(cursor));
    }),
  );
});

it("throws nothing but a ValidationError for any text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.base64String(),
    fc
      .uint8Array({ minLength: 29 })
      .map((bytes) => Buffer.from([1, ...bytes]).toString("base64url")),
  );
  fc.assert(
    fc.property(texts, query, (text, query) => {
      expect(thrownBy(() => tokens.read(text, query))).toBeInstanceOf(ValidationError);
    }),
    { numRuns: 500 },
  );
});

it("refuses a token of which any bit is flipped, or any text changed", () => {
  const token = tokens.create({ after: "a1" }, {});
  const bytes = Buffer.from(token, "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const error = thrownBy(() => tokens.read(changed.toString("base64url"), {}));
    expect(error).toBeInstanceOf(ValidationError);
  }
  for (const changed of [
    `${token}=`,
    `${token}A`,
    ` ${token}`,
    token.slice(1),
    token.slice(0, -1),
  ]) {
    expect(thrownBy(() => tokens.read(changed, {}))).toBeInstanceOf(ValidationError);
  }
});
