import { describe, expect, it } from "vitest";
import { InvalidItemError } from "../domain/item-errors.ts";
import { createPageToken, readPageToken } from "./page-token.ts";

const scope = { filter: "quantity < 10", secret: new Uint8Array(32).fill(7) };
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function expectRefused(token: string, refusingScope = scope): void {
  expect(() => readPageToken(token, refusingScope), token).toThrow(InvalidItemError);
  expect(() => readPageToken(token, refusingScope)).toThrow(/^page_token: must be the token of/);
}

describe("readPageToken", () => {
  const token = createPageToken(42, scope);

  it.each([1, 42, 2 ** 32, Number.MAX_SAFE_INTEGER])("returns the position %i", (position) => {
    expect(readPageToken(createPageToken(position, scope), scope)).toBe(position);
  });

  it("makes tokens that need no escaping in a header or a URL", () => {
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it("refuses every other character at every place", () => {
    for (const index of token.split("").keys()) {
      for (const character of base64url.replace(token.charAt(index), "")) {
        expectRefused(token.slice(0, index) + character + token.slice(index + 1));
      }
    }
  });

  it("refuses a token that is cut", () => {
    for (const length of token.split("").keys()) {
      expectRefused(token.slice(0, length));
    }
  });

  it.each([
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    `${token}\n`,
    `${token.slice(0, 9)} ${token.slice(9)}`,
  ])("refuses another spelling of the same bytes: %j", (spelling) => {
    expectRefused(spelling);
  });

  it("refuses the standard alphabet of base64", () => {
    const tokens = Array.from({ length: 64 }, (_, position) => createPageToken(position, scope));
    const respelled = tokens.filter((text) => /[-_]/.test(text));
    expect(respelled).not.toHaveLength(0);
    for (const text of respelled) {
      expectRefused(text.replaceAll("-", "+").replaceAll("_", "/"));
    }
  });

  it.each(["x", "🙂", "null", "0".repeat(54), "x".repeat(10_000)])(
    "refuses garbage: %.60j",
    (garbage) => {
      expectRefused(garbage);
    },
  );

  it.each(["", "quantity < 100", " quantity < 10"])("refuses the filter %j", (filter) => {
    expectRefused(token, { ...scope, filter });
  });

  it("refuses another secret", () => {
    expectRefused(token, { ...scope, secret: new Uint8Array(32).fill(8) });
  });
});
