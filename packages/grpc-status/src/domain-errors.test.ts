import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { AppError, isAppError } from "./app-error.ts";
import * as domainErrors from "./domain-errors.ts";
import { NotFoundError, RateLimitError, ValidationError } from "./domain-errors.ts";
import { errorToStatus } from "./error-mapper.ts";
import { readErrorDetails } from "./status-details.ts";

const exposed = [
  "ValidationError",
  "NotFoundError",
  "UnauthorizedError",
  "ForbiddenError",
  "ConflictError",
  "RateLimitError",
];

describe.each(Object.entries({ AppError, ...domainErrors }))("%s", (name, Type) => {
  it("is named and of a kind, and keeps message and cause", () => {
    const cause = new Error("disk full");
    const error = new Type("no", { cause });
    expect(error).toMatchObject({ name, kind: name, message: "no", cause });
    expect([error instanceof AppError, isAppError(error)]).toEqual([true, true]);
  });

  it("is exposed if the caller can mend it, or as the options say", () => {
    expect(new Type("no").expose).toBe(exposed.includes(name));
    expect(new Type("no", { expose: false }).expose).toBe(false);
    expect(new Type("no", { expose: true }).expose).toBe(true);
  });

  it.each([0, 1, Number.POSITIVE_INFINITY])("takes retryAfterMs = %s", (retryAfterMs) => {
    expect(new Type("no", { retryAfterMs }).retryAfterMs).toBe(retryAfterMs);
  });

  it.each([-1, Number.NaN])("refuses retryAfterMs = %s", (retryAfterMs) => {
    expect(() => new Type("no", { retryAfterMs })).toThrow(
      new RangeError(`retryAfterMs must be 0 or more, got ${retryAfterMs}`),
    );
  });

  it.each(["", "AB", "sku taken", "SKU_", "_SKU", "X".repeat(64)])(
    'refuses the reason "%s"',
    (reason) => {
      expect(() => new Type("no", { reason })).toThrow(RangeError);
    },
  );
});

describe("a subclass", () => {
  class ItemNotFoundError extends NotFoundError {
    override readonly name = "ItemNotFoundError";
  }

  it("has the kind of what it extends", () => {
    expect(new ItemNotFoundError("no item 7")).toMatchObject({
      name: "ItemNotFoundError",
      kind: "NotFoundError",
    });
  });
});

describe("ValidationError", () => {
  it("makes its message of the violations", () => {
    const error = new ValidationError([
      { field: "name", description: "must not be blank" },
      { field: "", description: "and 2 more" },
    ]);
    expect(error.message).toBe("name: must not be blank; and 2 more");
  });

  it("may have a message of its own", () => {
    const violations = [{ field: "name", description: "must not be blank" }];
    const error = new ValidationError("the form is not complete", { violations });
    expect(error).toMatchObject({ message: "the form is not complete", violations });
  });
});

describe("RateLimitError", () => {
  it("has the limits", () => {
    const violations = [{ subject: "client:7", description: "100 calls per minute" }];
    expect(new RateLimitError("slow down", { violations }).violations).toBe(violations);
  });
});

describe("isAppError", () => {
  it("knows the errors of a second copy of this module", async () => {
    vi.resetModules();
    const copy = await import("./domain-errors.ts");
    expect(copy.NotFoundError).not.toBe(NotFoundError);
    expect(isAppError(new copy.NotFoundError("no"))).toBe(true);
  });

  it.each([new Error("no"), { kind: "NotFoundError" }, null, undefined, "NotFoundError"])(
    "%o -> false",
    (value) => {
      expect(isAppError(value)).toBe(false);
    },
  );
});

it("loads nothing but its classes, so that a domain layer stays free of gRPC", async () => {
  const script = `
    const { createRequire } = await import("node:module");
    const names = Object.keys(await import("@grpc-kit/grpc-status/errors"));
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify({ names, loaded }));`;
  const run = await promisify(execFile)(process.execPath, [
    "--conditions=@grpc-kit/source",
    "--input-type=module",
    `--eval=${script}`,
  ]);
  const { names, loaded } = JSON.parse(run.stdout) as { names: string[]; loaded: string[] };
  expect(names.sort()).toEqual(["AppError", "isAppError", ...Object.keys(domainErrors)].sort());
  expect(loaded).toEqual([]);
});

it("gives a ValidationError its reason, and one of a class of its own the name of that", () => {
  class PriceTooLowError extends ValidationError {
    override readonly name = "PriceTooLowError";
  }
  const reasonOf = (error: Error) =>
    readErrorDetails(errorToStatus(error).metadata ?? new Metadata()).errorInfo?.reason;
  expect(reasonOf(new ValidationError("no"))).toBe("VALIDATION_FAILED");
  expect(reasonOf(new ValidationError("no", { reason: "TOO_LATE" }))).toBe("TOO_LATE");
  expect(reasonOf(new PriceTooLowError("no"))).toBe("PRICE_TOO_LOW");
});
