import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutSecrets } from "./without-secrets.ts";

describe("withoutSecrets", () => {
  it.each([
    ["postgres://me:secret@db:5432/items?sslmode=require", "postgres://…@db:5432/items?…"],
    ["postgres://db/items", "postgres://db/items"],
    ["https://login.example.com/keys?token=secret", "https://login.example.com/keys?…"],
    ["sqlite:data/a@b.db", "sqlite:data/a@b.db"],
    ["-----BEGIN PRIVATE KEY-----\nsecret", "-----BEGIN…"],
    ["what? nothing", "what? nothing"],
  ])("shows %j as %j", (value, shown) => {
    expect(withoutSecrets(value)).toBe(shown);
  });

  it("hides whatever stands before the last @ of an address", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, password) => {
        const value = `postgres://${user}:SECRET${password}@db/items`;
        expect(withoutSecrets(value)).not.toContain("SECRET");
      }),
    );
  });
});
