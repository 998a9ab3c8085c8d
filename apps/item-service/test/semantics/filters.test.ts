import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callErrorOf, listPage, newItem, serveItems } from "../serve.ts";

// What breaks out of a string or an operator in some language or other.
const hostileTexts = [
  "' OR 1=1 --",
  "'; DROP TABLE items; --",
  '" OR true OR "',
  "\\",
  "\\' OR ''='",
  "%",
  "_",
  "a*",
  "$1",
  "?",
  ":id",
  "@id",
  "a\0b",
  "\u2028",
  "'||(SELECT value FROM secrets)||'",
  "1); ATTACH DATABASE '/tmp/x' AS x; --",
  "E'\\x27'",
  "$$ $$",
  "ʼ",
  "0x27",
  "/* */",
  "NULL",
];

/** Blank text, and text in quotes. */
function isHarmless(filter: string): boolean {
  return /^\s*$|^sku = "[^"]*"\s*$/.test(filter);
}

describe("a filter", () => {
  it("takes text for text, whatever is in it", async () => {
    const { client } = await serveItems();
    const descriptions = hostileTexts.map((text) => `<${text.replaceAll("\0", "")}>`);
    await client.batchCreateItems(
      descriptions.map((description, index) => ({ ...newItem(`${index}`), description })),
    );
    for (const text of hostileTexts) {
      const quoted = `"${text.replace(/["\\]/g, "\\$&")}"`;
      const found = await listPage(client, { filter: `name = ${quoted} OR sku = ${quoted}` });
      expect(found.items).toEqual([]);
      const holding = await listPage(client, { filter: `NOT (NOT description : ${quoted})` });
      expect(holding.items.map(({ description }) => description)).toEqual(
        descriptions.filter((description) => description.includes(text)),
      );
    }
    expect((await listPage(client, {})).items).toHaveLength(hostileTexts.length);
  });

  it.each([
    (text: string) => text,
    (text: string) => `sku = ${text}`,
    (text: string) => `sku = "a" ${text}`,
    (text: string) => `${text} = "a"`,
  ])("is refused with such text in it: %s", async (toFilter) => {
    const { client } = await serveItems();
    await client.createItem(newItem("a"));
    for (const text of hostileTexts.filter((hostile) => !isHarmless(toFilter(hostile)))) {
      const error = await callErrorOf(listPage(client, { filter: toFilter(text) }));
      expect([text, error]).toMatchObject([
        text,
        {
          code: status.INVALID_ARGUMENT,
          reason: "VALIDATION_FAILED",
          errorDetail: { field: "filter" },
        },
      ]);
    }
    expect((await listPage(client, {})).items).toHaveLength(1);
  });

  it("of any pieces is understood or refused, and never breaks the service", async () => {
    const { client } = await serveItems();
    await client.createItem(newItem("a"));
    const piece = fc.constantFrom(
      ...["(", ")", "AND", "OR", "NOT", "=", "!=", "<", ":", "sku", "price", "is_active"],
      ...[
        "created_at",
        '"a"',
        '"2026-02-03T04:05:06Z"',
        "1",
        "-1e308",
        "true",
        "'",
        ";",
        "--",
        "\0",
      ],
    );
    const filter = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(" ")),
      fc.string({ unit: "binary", maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(filter, async (text) => {
        const code = await listPage(client, { filter: text }).then(
          () => status.OK,
          (error) => error.code,
        );
        expect([status.OK, status.INVALID_ARGUMENT]).toContain(code);
      }),
      { numRuns: 100 },
    );
  });

  it("F13: is refused if it is too long, too wide or too deep, and quickly", async () => {
    const { client } = await serveItems();
    const failed = async (filter: string) =>
      (await callErrorOf(listPage(client, { filter }))).message;
    expect(await failed(" ".repeat(1_001))).toContain(
      "must have at most 1000 characters, got 1001",
    );
    expect(await failed(`${"price=1 OR ".repeat(50)}price=1`)).toContain(
      "more than 50 comparisons",
    );
    expect(await failed(`${"(".repeat(21)}price=1${")".repeat(21)}`)).toContain(
      "more than 20 parentheses inside each other",
    );
    expect(await failed(`name = "${"\\".repeat(985)}`)).toContain("text without an end");
    expect(await failed("(".repeat(1_000))).toContain("more than 20 parentheses");
    expect(await failed("x".repeat(3_000_000))).toContain("got 3000000");
  });
});
