import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { thrownBy, violationsIn } from "../test/thrown-by.ts";
import { createPageTokens, pageSize } from "./page-token.ts";

const secret = "s".repeat(32);
const query = { filter: "a = 1", orderBy: ["name", { desc: true }] };
const cursor = { afterId: "a1", position: 7 };
const day = 24 * 60 * 60 * 1_000;

describe("createPageTokens", () => {
  it("reads the cursor of its own tokens", () => {
    const tokens = createPageTokens<typeof cursor>({ secrets: [secret] });
    expect(tokens.read(tokens.create(cursor, query), query)).toEqual(cursor);
  });

  it("makes tokens that are fit for URLs and show nothing of the cursor", () => {
    const tokens = createPageTokens<typeof cursor>({ secrets: [Buffer.alloc(32, 1)] });
    const [first, second] = [tokens.create(cursor, query), tokens.create(cursor, query)];
    expect(first).toMatch(/^[\w-]+$/);
    expect(first).not.toBe(second);
    expect(Buffer.from(first, "base64url").toString("latin1")).not.toContain("a1");
  });

  it("does not mind the order of the query's keys, or those that are undefined", () => {
    const tokens = createPageTokens<number>({ secrets: [secret] });
    const token = tokens.create(1, { a: 1, b: { c: [2], d: 3 } });
    expect(tokens.read(token, { b: { d: 3, c: [2] }, a: 1, e: undefined })).toBe(1);
  });

  it.each([
    [{ ...query, filter: "a = 2" }],
    [{ filter: query.filter }],
    [{ ...query, orderBy: [{ desc: true }, "name"] }],
    [{ ...query, parent: "" }],
    [{}],
  ])("refuses another query: %j", (other) => {
    const tokens = createPageTokens<number>({ secrets: [secret] });
    expect(thrownBy(() => tokens.read(tokens.create(1, query), other))).toBeInstanceOf(
      ValidationError,
    );
  });

  it("tells a key of the query from a value", () => {
    const tokens = createPageTokens<number>({ secrets: [secret] });
    const token = tokens.create(1, { a: '","b":"' });
    expect(thrownBy(() => tokens.read(token, { a: "", b: "" }))).toBeInstanceOf(ValidationError);
  });

  it("refuses a token from the millisecond on that it expires in", () => {
    const clock = { ms: 1_000 };
    const tokens = createPageTokens<number>({ secrets: [secret], now: () => clock.ms });
    const token = tokens.create(1, query);
    clock.ms += 3 * day - 1;
    expect(tokens.read(token, query)).toBe(1);
    clock.ms += 1;
    expect(thrownBy(() => tokens.read(token, query))).toBeInstanceOf(ValidationError);
  });

  it("takes another time to live", () => {
    const clock = { ms: 1_000 };
    const tokens = createPageTokens<number>({
      secrets: [secret],
      ttlMs: 5,
      now: () => clock.ms,
    });
    const token = tokens.create(1, query);
    clock.ms += 5;
    expect(thrownBy(() => tokens.read(token, query))).toBeInstanceOf(ValidationError);
  });

  it("reads the tokens of secrets before the current one, which makes the new ones", () => {
    const [old, renewed] = ["o".repeat(32), "n".repeat(32)];
    const before = createPageTokens<number>({ secrets: [old] });
    const between = createPageTokens<number>({ secrets: [renewed, old] });
    const after = createPageTokens<number>({ secrets: [renewed] });
    expect(between.read(before.create(1, query), query)).toBe(1);
    expect(after.read(between.create(2, query), query)).toBe(2);
    expect(thrownBy(() => after.read(before.create(1, query), query))).toBeInstanceOf(
      ValidationError,
    );
  });

  it("says the same of all wrong tokens, and what to do", () => {
    const tokens = createPageTokens<number>({ secrets: [secret] });
    const text = (token: string) => violationsIn(() => tokens.read(token, query))[0];
    expect(text("abc")).toEqual([
      "page_token",
      'must be the token of the page before, with the same query, before it expires; list again from the first page, got "abc"',
    ]);
    const [field, description = ""] = text("x".repeat(1_000)) ?? [];
    expect([field, description.length]).toEqual(["page_token", (text("")?.[1].length ?? 0) + 81]);
  });

  it.each([
    ["no secret", { secrets: [] }, "secrets must have one secret or more, got none"],
    [
      "a short secret",
      { secrets: [secret, "s".repeat(31)] },
      "secrets[1] must have 32 bytes or more, got 31",
    ],
    [
      "a short secret of bytes",
      { secrets: [new Uint8Array(31)] },
      "secrets[0] must have 32 bytes or more, got 31",
    ],
    ["a ttlMs of 0", { secrets: [secret], ttlMs: 0 }, "ttlMs must be a positive number, got 0"],
    [
      "no end",
      { secrets: [secret], ttlMs: Infinity },
      "ttlMs must be a positive number, got Infinity",
    ],
    [
      "no ttlMs",
      { secrets: [secret], ttlMs: Number.NaN },
      "ttlMs must be a positive number, got NaN",
    ],
  ])("throws a RangeError for %s", (_case, options, message) => {
    const error = thrownBy(() => createPageTokens(options));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toHaveProperty("message", message);
  });
});

describe("pageSize", () => {
  it.each([
    [0, 50],
    [1, 1],
    [1_000, 1_000],
    [1_001, 1_000],
    [2 ** 31 - 1, 1_000],
  ])("makes of %d the size %d", (value, size) => {
    expect(pageSize(value)).toBe(size);
  });

  it("takes another default and maximum", () => {
    expect([0, 5, 20].map((value) => pageSize(value, { default: 5, max: 10 }))).toEqual([5, 5, 10]);
  });

  it.each([-1, -(2 ** 31), Number.NaN, 0.5])("refuses %d", (value) => {
    expect(violationsIn(() => pageSize(value))).toEqual([
      ["page_size", `must be an integer of 0 or more, got ${value}`],
    ]);
  });

  it.each([0, 11, 0.5, Number.NaN])("throws a RangeError for a default of %d", (size) => {
    expect(() => pageSize(1, { default: size, max: 10 })).toThrow(RangeError);
  });
});
