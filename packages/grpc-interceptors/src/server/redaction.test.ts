import { Tree } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPayloadText } from "./redaction.ts";

const text = createPayloadText({ maxBytes: 100_000 });

describe("createPayloadText", () => {
  it("shows a message as JSON", () => {
    const message = { name: "a", count: 3n, isOn: true, part: { list: [1, 2] }, unset: undefined };
    expect(text(message)).toBe('{"name":"a","count":"3","isOn":true,"part":{"list":[1,2]}}');
  });

  it("hides what names tell, in messages, lists, maps and oneofs", () => {
    const message = {
      newPassword: "S3CR3T",
      api_key: "S3CR3T",
      users: [{ email: "S3CR3T", contact: { phoneNumber: "S3CR3T" } }],
      byName: new Map([["x-auth-token", "S3CR3T"]]),
      labels: { SSN: "S3CR3T" },
      credential: { inner: "S3CR3T" },
      way: { $case: "secret", value: "S3CR3T" },
      className: "shown",
    };
    expect(text(message)).not.toContain("S3CR3T");
    expect(text(message)).toContain('"secret":"[redacted]","className":"shown"');
  });

  it("hides names and paths that it is told", () => {
    const hide = createPayloadText({ redact: ["nick_name", "user.notes", "value.weight"] });
    const message = {
      nickName: "S3CR3T",
      user: { notes: "S3CR3T", nickName: "S3CR3T" },
      users: [{ notes: "shown" }],
      value: { $case: "other", value: { weight: 7 } },
    };
    expect(hide(message)).toBe(
      '{"nickName":"[redacted]","user":{"notes":"[redacted]","nickName":"[redacted]"},' +
        '"users":[{"notes":"shown"}],"other":{"weight":7}}',
    );
    expect(createPayloadText({ redact: ["users.notes"] })(message)).toContain(
      '"users":[{"notes":"[redacted]"}]',
    );
  });

  it("shows of bytes only their number, inside of an Any as well", () => {
    const message = Tree.create({
      note: { typeUrl: "type.googleapis.com/a.B", value: Buffer.from("S3CR3T") },
      scalars: { fBytes: Buffer.from("S3CR3T") },
    });
    const shown = text(message);
    expect(shown).toContain('"note":{"typeUrl":"type.googleapis.com/a.B","value":"[6 bytes]"}');
    expect(shown).not.toMatch(/S3CR3T|83,51/);
  });

  it("hides tokens wherever they are", () => {
    const shown = text({
      note: "Bearer S3CR3T",
      other: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJTM0NSM1QifQ.",
    });
    expect(shown).not.toMatch(/S3CR3T|eyJ/);
  });

  it("is cut to size, whatever the size of the message", () => {
    const small = createPayloadText({});
    const huge = { items: Array.from({ length: 1_000_000 }, () => ({ name: "é".repeat(100) })) };
    expect(Buffer.byteLength(small(huge))).toBeLessThanOrEqual(1024);
    expect(small({ name: "x".repeat(10_000_000) })).toMatch(/^\{"name":"x+…$/);
    const wide = new Map(Array.from({ length: 100_000 }, (_, index) => [index, index]));
    expect(small(wide).length).toBeLessThanOrEqual(1024);
  });

  it("does not look at what is not shown", () => {
    const items = Array.from({ length: 5000 }, () => "abc");
    Object.defineProperty(items, 4000, { get: () => expect.fail("asked") });
    expect(createPayloadText({})({ items })).toMatch(/^\{"items":\["abc",.*…$/);
  });

  it("comes to an end with cycles, depths and objects that throw", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(text(cycle)).toContain("[too deep]");
    const broken = new Proxy({ a: 1 }, { get: () => expect.fail("asked") });
    expect(text(broken)).toBe("[unreadable]");
    expect(text(new Date(Number.NaN))).toBe("null");
  });

  it("E4: any value makes one short line, and never throws", () => {
    const small = createPayloadText({ maxBytes: 64 });
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withDate: true }), (value) => {
        const shown = small(value);
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(64);
        expect(shown).not.toMatch(/[\p{Cc}\u2028]/u);
      }),
      { numRuns: 500 },
    );
  });

  it("E6: a field with a telling name is never shown, however deep it is", () => {
    const name = fc.constantFrom("password", "accessToken", "client_secret", "Email", "userSsn");
    const nest = fc.array(fc.constantFrom("list", "map", "message", "oneof"), { maxLength: 6 });
    fc.assert(
      fc.property(name, nest, (secretName, levels) => {
        const message = levels.reduce<unknown>(wrap, { [secretName]: "S3CR3T" });
        expect(text(message)).toContain("[redacted]");
        expect(text(message)).not.toContain("S3CR3T");
      }),
    );
  });
});

function wrap(inner: unknown, level: "list" | "map" | "message" | "oneof"): unknown {
  switch (level) {
    case "list":
      return { items: [inner, inner] };
    case "map":
      return { entries: new Map([["key", inner]]) };
    case "message":
      return { part: inner };
    case "oneof":
      return { choice: { $case: "part", value: inner } };
  }
}
