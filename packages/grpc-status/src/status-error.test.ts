import { status } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { isStatusError, StatusError } from "./status-error.ts";

describe("StatusError", () => {
  it("puts the code's name in front of the message", () => {
    const error = new StatusError(status.NOT_FOUND, "no item 7");
    expect(String(error)).toBe("StatusError: NOT_FOUND: no item 7");
    expect(error.details).toBe("no item 7");
  });

  it("keeps the cause", () => {
    const cause = new Error("disk full");
    expect(new StatusError(status.INTERNAL, "not stored", { cause }).cause).toBe(cause);
  });

  it.each([0, -1, 17, 1.5, Number.NaN, "5", undefined])("refuses the code %s", (code) => {
    expect(() => new StatusError(code as status, "x")).toThrow(RangeError);
  });
});

describe("isStatusError", () => {
  it.each([
    [new StatusError(status.ABORTED, "x"), true],
    [new Error("x"), false],
    [Object.assign(new Error("x"), { code: 5, details: "x" }), false],
    [{ code: 5 }, false],
    [null, false],
  ])("%o -> %s", (value, expected) => {
    expect(isStatusError(value)).toBe(expected);
  });

  it("knows the errors of a second copy of this module", async () => {
    vi.resetModules();
    const copy = await import("./status-error.ts");
    expect(copy.StatusError).not.toBe(StatusError);
    expect(isStatusError(new copy.StatusError(status.ABORTED, "x"))).toBe(true);
  });
});
