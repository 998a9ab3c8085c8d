import { Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestIdOf } from "./request-id.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function idFor(...values: readonly string[]): string {
  const metadata = new Metadata();
  for (const value of values) {
    metadata.add("x-request-id", value);
  }
  return requestIdOf(metadata, "x-request-id");
}

describe("E5 requestIdOf", () => {
  it("E5: a clean id is kept", () => {
    const clean = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
    fc.assert(
      fc.property(clean, (id) => {
        expect(idFor(id)).toBe(id);
      }),
    );
  });

  it("E5: whatever else is sent, the id is clean, and new if it was not", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,200}$/), (value) => {
        const id = idFor(value);
        expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
        expect(id === value || uuid.test(id)).toBe(true);
      }),
    );
  });

  it.each([
    [],
    [""],
    ["a b"],
    ["a, b"],
    ["a", "b"],
    ["a".repeat(65)],
    ['"}{"level":60'],
    ["../../etc/passwd"],
    ["a%0d%0a"],
  ])("makes a new one for %j %j", (...values: string[]) => {
    expect(idFor(...values)).toMatch(uuid);
  });
});
