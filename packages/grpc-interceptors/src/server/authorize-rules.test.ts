import { describe, expect, it } from "vitest";
import { type AuthorizationRule, AuthorizationRules } from "./authorize-rules.ts";

describe("AuthorizationRules", () => {
  it("finds the most exact rule, and none by the names of objects' own", () => {
    const rules = new AuthorizationRules({ "/a.B/C": {}, "/a.B/*": {} }, []);
    const patternOf = (service: string, name: string) =>
      rules.of({ path: `/${service}/${name}`, service })?.pattern;
    expect(patternOf("a.B", "C")).toBe("/a.B/C");
    expect(patternOf("a.B", "D")).toBe("/a.B/*");
    expect(patternOf("a", "B")).toBeUndefined();
    expect(patternOf("a.BC", "D")).toBeUndefined();
    expect(patternOf("constructor", "toString")).toBeUndefined();
  });

  it.each(["a.B/C", "/a.B", "/a.B/", "/a.*/C", "*", "/a.B/C*", ""])(
    "refuses the pattern %o",
    (pattern) => {
      expect(() => new AuthorizationRules({ [pattern]: {} }, [])).toThrow(
        new TypeError(
          `rules must be for "/package.Service/Method", "/package.Service/*" or "/*", got "${pattern}"`,
        ),
      );
    },
  );

  it.each<[object, string]>([
    [{ scope: ["a"] }, " must be made of what a rule may have, got scope"],
    [{ public: true, scopes: ["a"] }, ".public must be true, and alone, got public, scopes"],
    [{ public: false }, ".public must be true, and alone, got public"],
    [{ scopes: [] }, ".scopes must be names, one or more, got []"],
    [{ scopes: "a b" }, '.scopes must be names, one or more, got "a b"'],
    [{ anyScope: [""] }, '.anyScope must be names, one or more, got [""]'],
    [{ anyRole: undefined }, ".anyRole must be names, one or more, got undefined"],
    [{ allow: true }, ".allow must be a function, got true"],
    [{ allowMessage: undefined }, ".allowMessage must be a function, got undefined"],
  ])("refuses %o", (rule, message) => {
    expect(() => new AuthorizationRules({ "/a.B/C": rule as AuthorizationRule }, [])).toThrow(
      new TypeError(`rules["/a.B/C"]${message}`),
    );
  });
});
