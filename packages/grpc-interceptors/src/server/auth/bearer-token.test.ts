import { Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bearerToken } from "./bearer-token.ts";

function tokenIn(...values: readonly string[]): string | undefined {
  const metadata = new Metadata();
  for (const value of values) {
    metadata.add("authorization", value);
  }
  return bearerToken(metadata);
}

describe("bearerToken", () => {
  it.each(["Bearer", "bearer", "BEARER", "bEaReR"])(
    "D13 takes the scheme in any case: %s",
    (scheme) => {
      expect(tokenIn(`${scheme} a.b-_.c`)).toBe("a.b-_.c");
    },
  );

  it("takes opaque tokens as well", () => {
    expect(tokenIn("Bearer aB3/+~.-_==")).toBe("aB3/+~.-_==");
  });

  it("is undefined for a call without any", () => {
    expect(tokenIn()).toBeUndefined();
  });

  it.each([
    ["nothing", ""],
    ["no scheme", "a.b.c"],
    ["no token", "Bearer"],
    ["an empty token", "Bearer "],
    ["two spaces", "Bearer  a.b.c"],
    ["a space in front", " Bearer a.b.c"],
    ["a space behind", "Bearer a.b.c "],
    ["more behind", "Bearer a.b.c d"],
    ["two joined by a comma", "Bearer a.b.c, Bearer d.e.f"],
    ["two joined by a comma alone", "Bearer a.b.c,d.e.f"],
    ["another scheme", "Basic YTpi"],
    ["a scheme twice", "Bearer Bearer a.b.c"],
    ["a longer scheme", "Bearers a.b.c"],
    ["quotes", 'Bearer "a.b.c"'],
    ["padding within", "Bearer a=b"],
    ["a parameter", "Bearer token=a.b.c;x"],
  ])("D13 refuses %s", (_name, value) => {
    expect(() => tokenIn(value)).toThrow("credentials are not valid");
  });

  it("D13 refuses two, even if they are the same", () => {
    expect(() => tokenIn("Bearer a.b.c", "Bearer a.b.c")).toThrow("credentials are not valid");
    expect(() => tokenIn("Bearer a.b.c", "Basic YTpi")).toThrow("credentials are not valid");
  });

  it("D13 takes no value that has two readings, whatever it is", () => {
    const piece = fc.constantFrom(
      "Bearer",
      "bearer",
      " ",
      ",",
      "a.b.c",
      "=",
      "\t",
      ";",
      "Basic",
      "/",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const value = pieces.join("");
        let token: string | undefined;
        try {
          token = tokenIn(value);
        } catch {
          return;
        }
        expect(value.toLowerCase()).toBe(`bearer ${token}`.toLowerCase());
        expect(token).not.toMatch(/[\s,;]/);
      }),
      { numRuns: 1_000 },
    );
  });
});
