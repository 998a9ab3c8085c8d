import type { IncomingHttpHeaders } from "node:http2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanHeaders, timeoutOf } from "./request-headers.ts";

describe("timeoutOf", () => {
  it.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["5000u", 5],
    ["6000000n", 6],
    ["99999999H", 359_999_996_400_000],
    ["123456789S", Number.POSITIVE_INFINITY],
    ["1e3S", Number.POSITIVE_INFINITY],
    ["S", Number.POSITIVE_INFINITY],
    [undefined, Number.POSITIVE_INFINITY],
  ])("%s is %d ms", (header, ms) => {
    expect(timeoutOf(header)).toBeCloseTo(ms);
  });
});

describe("cleanHeaders", () => {
  it("counts as HTTP/2 does", () => {
    expect(cleanHeaders({})).toBe(0);
    expect(cleanHeaders({ ":path": "/a/B", "x-a": "bcd" })).toBe(5 + 4 + 32 + 3 + 3 + 32);
  });

  it("L19: takes out what grpc-js would print", () => {
    const headers: IncomingHttpHeaders = {
      authorization: "Bearer é-token",
      "x!y": "1",
      "x-ok": "2",
    };
    cleanHeaders(headers);
    expect(headers).toEqual({ "x-ok": "2" });
  });

  it.each([
    ["596H", "596H"],
    ["597H", undefined],
    ["abc", "malformed"],
    ["-1S", "malformed"],
  ])("L20: makes a timeout of %s %s", (timeout, left) => {
    const headers: IncomingHttpHeaders = { "grpc-timeout": timeout };
    cleanHeaders(headers);
    expect(headers["grpc-timeout"]).toBe(left);
  });

  it("leaves legal metadata as it is, and never throws", () => {
    const name = fc.stringMatching(/^[0-9a-z_.-]{1,20}$/);
    const value = fc.stringMatching(/^[\x20-\x7e]{0,50}$/);
    fc.assert(
      fc.property(
        fc.dictionary(name, value),
        fc.dictionary(fc.string(), fc.string()),
        (legal, any) => {
          const { "grpc-timeout": _, ...given } = legal;
          const headers: IncomingHttpHeaders = { ...given };
          cleanHeaders(headers);
          expect(headers).toEqual(given);
          cleanHeaders({ ...any });
        },
      ),
    );
  });
});
