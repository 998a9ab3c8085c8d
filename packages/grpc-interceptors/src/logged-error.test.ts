import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { toLoggedError } from "./logged-error.ts";

function written(err: unknown): Record<string, unknown> {
  const lines: string[] = [];
  pino({}, { write: (line) => lines.push(line) }).error({ err }, "failed");
  return JSON.parse(lines.join("")).err;
}

describe("toLoggedError", () => {
  const cause = new TypeError("no such column\nfake line");
  const error = Object.assign(new Error("cannot list", { cause }), { row: { email: "S3CR3T" } });

  it("is the same in pino's log as in another's", () => {
    const logged = toLoggedError(error, { stack: true });
    expect(written(logged)).toEqual(JSON.parse(JSON.stringify(logged)));
  });

  it("has the names, texts and stacks of the chain, and nothing else", () => {
    const { type, message, stack, ...rest } = toLoggedError(error, { stack: true });
    expect([type, message]).toEqual(["Error", "cannot list: no such column fake line"]);
    expect(stack).toMatch(/^Error: cannot list\n {4}at .*logged-error\.test\.ts/);
    expect(stack).toMatch(/\ncaused by: TypeError: no such column fake line\n {4}at /);
    expect(rest).toEqual({});
    expect(Object.keys(toLoggedError(error, { stack: false }))).toEqual(["type", "message"]);
  });

  it("comes to an end with a cycle of causes, and takes whatever is thrown", () => {
    const cycle = new Error("a");
    cycle.cause = new Error("b", { cause: cycle });
    expect(toLoggedError(cycle, { stack: true }).message).toBe("a: b");
    const broken = new Proxy(new Error("a"), { get: () => expect.fail("asked") });
    for (const thrown of [undefined, null, 7n, "text", {}, () => {}, Symbol("s"), broken]) {
      expect(toLoggedError(thrown, { stack: true }).type).toEqual(expect.any(String));
    }
    expect(toLoggedError("text", { stack: false })).toEqual({ type: "string", message: "text" });
  });

  it("has no token that a message quotes", () => {
    for (const message of ["Bearer S3CR3T-é", 'Metadata string value "S3CR3T" contains illegal']) {
      const logged = toLoggedError(new Error(message), { stack: true });
      expect(JSON.stringify(logged)).not.toContain("S3CR3T");
    }
  });
});
