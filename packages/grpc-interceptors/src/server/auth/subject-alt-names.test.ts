import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toSubjectAltNames } from "./subject-alt-names.ts";

describe("toSubjectAltNames", () => {
  it.each([
    ["", []],
    ["DNS:a.test", [{ type: "DNS", value: "a.test" }]],
    [
      "DNS:a.test, URI:spiffe://td/a, IP Address:127.0.0.1, email:a@b.test",
      [
        { type: "DNS", value: "a.test" },
        { type: "URI", value: "spiffe://td/a" },
        { type: "IP Address", value: "127.0.0.1" },
        { type: "email", value: "a@b.test" },
      ],
    ],
    ['DNS:"a.test, DNS:evil.test"', [{ type: "DNS", value: "a.test, DNS:evil.test" }]],
    [
      'URI:"http://a/\\"", DNS:b',
      [
        { type: "URI", value: 'http://a/"' },
        { type: "DNS", value: "b" },
      ],
    ],
    ['DNS:"a\\u0000b"', [{ type: "DNS", value: "a\0b" }]],
  ])("reads %s", (text, names) => {
    expect(toSubjectAltNames(text)).toEqual(names);
  });

  it.each([
    "DNS",
    "DNS:a,DNS:b",
    "DNS:a, ",
    'DNS:"a',
    'DNS:"a"b',
    'DNS:a"b',
    "DNS:a, b",
    'DNS:"\\x"',
  ])("trusts nothing in %s", (text) => {
    expect(toSubjectAltNames(text)).toBeUndefined();
  });

  it("takes no name for two, whatever it is", () => {
    const name = fc.record({ type: fc.constantFrom("DNS", "URI", "email"), value: fc.string() });
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const text = names
          .map(
            ({ type, value }) =>
              `${type}:${/^[\w.:/-]*$/.test(value) ? value : JSON.stringify(value)}`,
          )
          .join(", ");
        expect(toSubjectAltNames(text)).toEqual(names);
      }),
      { numRuns: 1_000 },
    );
  });

  it("throws for no text whatever", () => {
    const piece = fc.constantFrom("DNS:", '"', "\\", ", ", ",", "a", "URI:", ":", " ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        expect(() => toSubjectAltNames(pieces.join(""))).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });
});
