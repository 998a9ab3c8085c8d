import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, it, vi } from "vitest";
import { codeOf, secret } from "../test/code-of.ts";
import { decoded } from "../test/decoded.ts";
import { AppError } from "./app-error.ts";
import { toCallError } from "./call-error.ts";
import { ConflictError, NotFoundError, RateLimitError, ValidationError } from "./domain-errors.ts";
import { createErrorMapper, errorToStatus } from "./error-mapper.ts";
import { StatusError } from "./status-error.ts";
import type { WireStatus } from "./wire-status.ts";

function expectNoSecret({ details, metadata }: WireStatus): void {
  const values = ["grpc-status-details-bin", "error-detail-bin"].flatMap(
    (key) => metadata?.get(key) ?? [],
  );
  expect(values).toHaveLength(2);
  expect([details, ...values.map((value) => value.toString("latin1"))].join()).not.toContain(
    secret,
  );
}

describe("errorToStatus", () => {
  it("says what an error is about, for programs", () => {
    const notFound = new NotFoundError("no item 7", { resource: { type: "item", name: "7" } });
    expect(decoded(errorToStatus(notFound, { domain: "shop" }))).toMatchObject({
      code: status.NOT_FOUND,
      details: "no item 7",
      reason: "NOT_FOUND",
      domain: "shop",
      errorDetails: { resourceInfo: { resourceType: "item", resourceName: "7" } },
      errorDetail: { code: "NotFoundError", message: "no item 7" },
    });
    const invalid = new ValidationError([
      { field: "page_size", description: "must be 0 or more", reason: "TOO_SMALL" },
    ]);
    expect(decoded(errorToStatus(invalid))).toMatchObject({
      details: "page_size: must be 0 or more",
      errorDetails: {
        badRequest: {
          fieldViolations: [
            { field: "page_size", description: "must be 0 or more", reason: "TOO_SMALL" },
          ],
        },
      },
      errorDetail: { field: "page_size" },
    });
    const limited = new RateLimitError("slow down", {
      retryAfterMs: 1_500,
      violations: [{ subject: "client:7", description: "100 calls per minute" }],
    });
    expect(decoded(errorToStatus(limited))).toMatchObject({
      retryable: true,
      retryDelayMs: 1_500,
      errorDetails: {
        retryInfo: { retryDelay: { seconds: 1n, nanos: 500_000_000 } },
        quotaFailure: { violations: [{ subject: "client:7" }] },
      },
    });
  });

  it("asks clients that retry by a policy to wait as long, or not to try again", () => {
    const pushbackOf = (error: Error) =>
      errorToStatus(error).metadata?.get("grpc-retry-pushback-ms");
    expect(pushbackOf(new RateLimitError("x", { retryAfterMs: 1_500 }))).toEqual(["1500"]);
    expect(pushbackOf(new RateLimitError("x", { retryAfterMs: Infinity }))).toEqual(["-1"]);
    expect(pushbackOf(new RateLimitError("x"))).toEqual([]);
    const never = decoded(errorToStatus(new RateLimitError("x", { retryAfterMs: Infinity })));
    expect([never.retryable, never.errorDetails.retryInfo]).toEqual([false, undefined]);
    const late = decoded(errorToStatus(new RateLimitError("x", { retryAfterMs: 1e300 })));
    expect(late.errorDetails.retryInfo?.retryDelay?.seconds).toBe(315_576_000_000n);
    const retryInfo = { retryDelay: { seconds: 2n } };
    const unavailable = new StatusError(status.UNAVAILABLE, "x", { errorDetails: { retryInfo } });
    expect(pushbackOf(unavailable)).toEqual(["2000"]);
  });

  it("makes the reason of the name of a class, or takes that of the error", () => {
    class SkuTakenError extends ConflictError {
      override readonly name = "SkuTakenError";
    }
    class X509Exception extends ConflictError {
      override readonly name = "X509ParseException";
    }
    const reasonOf = (error: unknown) => decoded(errorToStatus(error)).reason;
    expect(reasonOf(new SkuTakenError("x"))).toBe("SKU_TAKEN");
    expect(reasonOf(new X509Exception("x"))).toBe("X509_PARSE");
    expect(reasonOf(new SkuTakenError("x", { reason: "SKU_IN_USE" }))).toBe("SKU_IN_USE");
    expect(reasonOf(Object.assign(new ConflictError("x"), { name: "né" }))).toBe("ALREADY_EXISTS");
  });

  it("has the code's name as the reason of a StatusError that has none", () => {
    const error = new StatusError(status.ABORTED, "x");
    expect(decoded(errorToStatus(error))).toMatchObject({
      reason: "ABORTED",
      errorDetail: { code: "AbortedError" },
    });
  });

  it("has it as well in place of a reason that is none", () => {
    const errorInfo = { value: { errorInfo: { reason: "not a reason" } } };
    const error = Object.create(new StatusError(status.ABORTED, "x"), { errorDetails: errorInfo });
    expect(decoded(errorToStatus(error)).reason).toBe("ABORTED");
  });

  it("has the trace that the call belongs to", () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const { errorDetail } = decoded(errorToStatus(new NotFoundError("x"), { traceId }));
    expect(errorDetail?.metadata.get("trace_id")).toBe(traceId);
  });

  it("C5: gives an id to every error that it does not tell everything of, each its own", () => {
    const hidden = [
      new Error(secret),
      new AppError(secret),
      new StatusError(status.INTERNAL, "x"),
      secret,
    ];
    const ids = hidden.map((error) => {
      const sent = errorToStatus(error);
      const { errorId, errorDetail } = decoded(sent);
      expect(errorId).toMatch(/^[0-9a-f-]{36}$/);
      expect([sent.errorId, errorDetail?.metadata.get("error_id")]).toEqual([errorId, errorId]);
      return errorId;
    });
    expect(new Set(ids).size).toBe(hidden.length);
    const errorInfo = { metadata: new Map([["errorId", "spoofed"]]) };
    const spoofed = errorToStatus(
      new StatusError(status.INTERNAL, "x", { errorDetails: { errorInfo } }),
    );
    expect(decoded(spoofed).errorId).toBe(spoofed.errorId);
    expect(errorToStatus(new NotFoundError("x")).errorId).toBeUndefined();
    expect(Object.keys(errorToStatus(new StatusError(status.ABORTED, "x")))).toEqual([
      "code",
      "details",
      "metadata",
    ]);
  });

  it("C3: tells nothing of an error that is not exposed, the name of its class included", () => {
    class StripeS3CR3TError extends NotFoundError {
      override readonly name = "StripeS3CR3TError";
    }
    const options = { expose: false, metadata: { key: secret }, cause: new Error(secret) };
    const error = new StripeS3CR3TError(secret, {
      ...options,
      resource: { type: secret, name: secret },
    });
    const sent = errorToStatus(error);
    expect(decoded(sent)).toMatchObject({
      code: status.NOT_FOUND,
      details: "not found",
      reason: "NOT_FOUND",
      errorDetail: { code: "NotFoundError" },
    });
    expectNoSecret(sent);
    const violation = { field: secret, subject: secret, description: secret };
    for (const Type of [ValidationError, RateLimitError]) {
      expectNoSecret(errorToStatus(new Type(secret, { expose: false, violations: [violation] })));
    }
  });

  it("C10: says the same of two errors, to the byte, so that neither tells which it was", () => {
    const missing = errorToStatus(new NotFoundError("no item 7"));
    const forbidden = errorToStatus(
      new NotFoundError("no item 7", { cause: new Error("not yours") }),
    );
    expect(forbidden.metadata?.toJSON()).toEqual(missing.metadata?.toJSON());
    expect([forbidden.code, forbidden.details]).toEqual([missing.code, missing.details]);
  });

  it("looks at causes, the outermost first", () => {
    const notFound = new NotFoundError("no item 7");
    const wrapped = new Error("outer", { cause: new Error("inner", { cause: notFound }) });
    expect(errorToStatus(wrapped)).toMatchObject({ code: status.NOT_FOUND, details: "no item 7" });
    const conflict = new ConflictError("taken", { cause: notFound });
    expect(errorToStatus(conflict)).toMatchObject({ code: status.ALREADY_EXISTS });
  });

  it("comes to an end with causes in a circle, or without an end", () => {
    const circle = new Error("a");
    circle.cause = new Error("b", { cause: circle });
    expect(codeOf(circle)).toBe("INTERNAL");
    let chain: Error = new NotFoundError("too deep");
    for (let depth = 0; depth < 100; depth += 1) {
      chain = new Error("link", { cause: chain });
    }
    expect(codeOf(chain)).toBe("INTERNAL");
  });

  it("knows the errors of a second copy of this package", async () => {
    vi.resetModules();
    const copy = await import("./index.ts");
    expect(copy.NotFoundError).not.toBe(NotFoundError);
    expect(codeOf(new copy.NotFoundError("x"))).toBe("NOT_FOUND");
    expect(codeOf(new copy.StatusError(status.ABORTED, "x"))).toBe("ABORTED");
  });
});

describe("an error of a call to another service", () => {
  function failedCall(code: status) {
    const metadata = new Metadata();
    metadata.set("x-upstream", secret);
    return Object.assign(new Error(secret), { code, details: secret, metadata });
  }

  it.each([
    [status.UNAVAILABLE, "UNAVAILABLE"],
    [status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"],
    [status.CANCELLED, "CANCELLED"],
    [status.NOT_FOUND, "INTERNAL"],
    [status.INVALID_ARGUMENT, "INTERNAL"],
    [status.PERMISSION_DENIED, "INTERNAL"],
    [status.RESOURCE_EXHAUSTED, "INTERNAL"],
    [99, "INTERNAL"],
  ])("with the code %s is %s, and nothing else of it goes on", (code, name) => {
    for (const error of [failedCall(code), toCallError(failedCall(code))]) {
      expect(codeOf(error)).toBe(name);
      expect(errorToStatus(error).metadata?.get("x-upstream")).toEqual([]);
      expect(errorToStatus(error).errorId).toBeDefined();
    }
  });

  it("goes on with more codes if the options say so", () => {
    const toStatus = createErrorMapper({ passThrough: [status.NOT_FOUND] });
    expect(toStatus(failedCall(status.NOT_FOUND))).toMatchObject({
      code: status.NOT_FOUND,
      details: "not found",
    });
  });
});
