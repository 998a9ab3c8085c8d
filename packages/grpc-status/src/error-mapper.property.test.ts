import { Metadata, status } from "@grpc/grpc-js";
import { Status } from "@grpc-kit/generated-protos/google/rpc/status";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decoded } from "../test/decoded.ts";
import { errorDetailsArbitrary } from "../test/error-details-arbitrary.ts";
import { AppError, type AppErrorKind } from "./app-error.ts";
import type { ErrorDetailsInit } from "./error-details.ts";
import { errorToStatus } from "./error-mapper.ts";
import { ERROR_STATUS_MAP } from "./error-status-map.ts";
import * as errors from "./errors.ts";
import { StatusError } from "./status-error.ts";

// As the design document has it.
const documented: Readonly<Record<AppErrorKind, keyof typeof status>> = {
  AppError: "INTERNAL",
  ValidationError: "INVALID_ARGUMENT",
  NotFoundError: "NOT_FOUND",
  UnauthorizedError: "UNAUTHENTICATED",
  ForbiddenError: "PERMISSION_DENIED",
  ConflictError: "ALREADY_EXISTS",
  RateLimitError: "RESOURCE_EXHAUSTED",
  ExternalServiceError: "UNAVAILABLE",
  DatabaseError: "INTERNAL",
  TimeoutError: "DEADLINE_EXCEEDED",
};
const classes = new Map(Object.entries(errors).filter(isClass));
const kinds = Object.keys(documented) as AppErrorKind[];

function isClass(entry: [string, unknown]): entry is [string, typeof AppError] {
  return entry[0] in documented;
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  // UTF-16 code units at random: lone surrogates, NUL, newlines.
  fc.array(fc.nat(0xffff), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
  fc.constant("x".repeat(1_000_000)),
  fc.constant("🦊".repeat(100_000).slice(0, -1)),
);

const domainError = fc
  .record({
    kind: fc.constantFrom(...kinds),
    message: anyText,
    expose: fc.option(fc.boolean(), { nil: undefined }),
    metadata: fc.dictionary(fc.string(), anyText, { maxKeys: 4 }),
    isSubclass: fc.boolean(),
    wrappers: fc.nat(5),
  })
  .map(({ kind, message, expose, metadata, isSubclass, wrappers }) => {
    const Base = classes.get(kind) ?? AppError;
    const Type = isSubclass ? class extends Base {} : Base;
    const error = new Type(message, { metadata, ...(expose !== undefined && { expose }) });
    let thrown: Error = error;
    for (let count = 0; count < wrappers; count += 1) {
      thrown = new Error("wrapped", { cause: thrown });
    }
    return { kind, error, thrown };
  });

it("Property 3: domain error to gRPC status mapping (2.4)", () => {
  fc.assert(
    fc.property(domainError, ({ kind, error, thrown }) => {
      const sent = errorToStatus(thrown);
      expect(status[sent.code]).toBe(documented[kind]);
      const seen = decoded(sent);
      expect(seen.code).toBe(sent.code);
      expect(seen.reason).toMatch(/^[A-Z][A-Z0-9_]+[A-Z0-9]$/);
      expect(sent.errorId !== undefined).toBe(!error.expose || documented[kind] === "INTERNAL");
    }),
    { numRuns: 500 },
  );
});

it("ERROR_STATUS_MAP is the design document's table", () => {
  const table = [...ERROR_STATUS_MAP].map(([type, code]) => [type.name, status[code]]);
  const { AppError: _, ...rest } = documented;
  expect(Object.fromEntries(table)).toEqual(rest);
});

describe("errorToStatus", () => {
  const internal = { code: status.INTERNAL, details: "internal error" };

  it("C3 C8: tells nothing of any other value that is thrown", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        const sent = errorToStatus(thrown);
        expect(sent).toMatchObject(internal);
        expect(decoded(sent)).toMatchObject({ reason: "INTERNAL", details: "internal error" });
        expect(sent.errorId).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it("C8: is total: a value that throws at any question is INTERNAL, too", () => {
    const fail = () => {
      throw new Error("S3CR3T");
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const error = new StatusError(status.ABORTED, "x");
    const traps = { get: fail, has: fail, getPrototypeOf: fail };
    const hostile = [
      proxy,
      new Proxy(error, traps),
      new Proxy(new Error("x"), { get: fail }),
      Object.defineProperty(new Error("x"), "cause", { get: fail }),
      Object.create(error, { code: { get: fail } }),
      Object.create(error, { details: { value: { toString: fail } } }),
      Object.create(error, { code: { value: 99 } }),
      Object.create(new AppError("x"), { kind: { value: "constructor" } }),
    ];
    for (const thrown of hostile) {
      expect(errorToStatus(thrown)).toMatchObject(internal);
    }
  });

  it("C8: keeps code and text of an error whose metadata or details cannot be read", () => {
    const error = new StatusError(status.ABORTED, "x");
    const fail = () => {
      throw new Error("S3CR3T");
    };
    const unreadable = [{ get: fail }, { value: { toJSON: fail } }, { value: 7 }, { value: null }];
    for (const property of unreadable) {
      const withMetadata = Object.create(error, { metadata: property });
      expect(errorToStatus(withMetadata)).toMatchObject({ code: status.ABORTED, details: "x" });
    }
    for (const badRequest of [{ fieldViolations: 7 }, { fieldViolations: [{ field: fail }] }]) {
      const withDetails = Object.create(error, { errorDetails: { value: { badRequest } } });
      const sent = errorToStatus(withDetails, { domain: "shop" });
      expect(decoded(sent)).toMatchObject({ code: status.ABORTED, details: "x", domain: "shop" });
    }
    for (const property of ["name", "kind", "metadata", "resource", "retryAfterMs", "violations"]) {
      for (const value of [7, null, { type: 7, name: fail }, Symbol("x")]) {
        const error = Object.create(new errors.RateLimitError("x"), { [property]: { value } });
        expect(["x", "internal error"]).toContain(errorToStatus(error).details);
      }
    }
  });

  it("C9: tells which metadata could not be sent", () => {
    const [metadata, trailers] = [new Metadata(), new Metadata()];
    metadata.set("x-a", "error");
    metadata.set("a:b", "colon");
    trailers.set("x-a", "trailer");
    trailers.set("x-b", "trailer");
    trailers.set("x-big", "x".repeat(9_000));
    const errorInfo = { metadata: new Map([["not a key", "x"]]) };
    const error = new StatusError(status.ABORTED, "x", { metadata, errorDetails: { errorInfo } });
    const sent = errorToStatus(error, { trailers });
    expect(sent.metadata?.get("x-a")).toEqual(["error"]);
    expect(sent.metadata?.get("x-b")).toEqual(["trailer"]);
    expect(sent.dropped?.toSorted()).toEqual(["ErrorInfo.metadata.not a key", "a:b", "x-big"]);
  });

  it("B13: keeps names within it, too: of classes, fields and domains", () => {
    const long = fc
      .tuple(anyText, fc.nat(3_000))
      .map(([text, count]) => text.slice(0, 300).repeat(count).slice(0, 20_000));
    fc.assert(
      fc.property(long, long, long, (name, field, domain) => {
        const error = new errors.ValidationError([{ field, description: "no" }]);
        const sent = errorToStatus(Object.assign(error, { name }), { domain });
        expect(headerListBytes(sent.details, sent.metadata)).toBeLessThanOrEqual(8192);
        expect(decoded(sent)).toMatchObject({ code: status.INVALID_ARGUMENT });
        expect(decoded(sent).reason).toBeDefined();
        expect(decoded(sent).errorDetail).toBeDefined();
      }),
    );
  });

  it("B13: has room for the mark that says that something was cut", () => {
    // With this much, all but the mark would fit beside the whole of the text.
    const wide = (characters: number) => "ࠀ".repeat(characters);
    const error = new errors.ValidationError([{ field: wide(341), description: "no" }]);
    const sent = errorToStatus(Object.assign(error, { name: wide(64) }), { domain: wide(253) });
    expect(decoded(sent).errorDetail?.code).toBe(wide(64));
    expect(sent.details).toMatch(/^ࠀ{84}…$/);
  });

  it("B13: keeps everything that it sends within 8 KiB, with the right code and an ErrorInfo", () => {
    const texts = fc.oneof(anyText, fc.constant("世".repeat(500)));
    const big = fc.tuple(fc.nat(300), anyText).map(([count, description]) => ({
      badRequest: {
        fieldViolations: Array.from({ length: count }, (_, index) => ({
          field: `f${index}`,
          description: description.slice(0, 500).toWellFormed(),
        })),
      },
    }));
    fc.assert(
      fc.property(
        texts,
        fc.oneof(errorDetailsArbitrary, big as fc.Arbitrary<ErrorDetailsInit>),
        fc.nat(9_000),
        fc.nat(9_000),
        (text, details, binaryBytes, textBytes) => {
          const metadata = new Metadata();
          metadata.set("x-big-bin", Buffer.alloc(binaryBytes));
          const trailers = new Metadata();
          trailers.set("x-big", "x".repeat(textBytes));
          // A reason that is none would be refused here.
          const errorInfo = { ...details.errorInfo, reason: "GONE" };
          const error = new StatusError(status.ABORTED, text, {
            metadata,
            errorDetails: { ...details, errorInfo },
          });
          const sent = errorToStatus(error, { trailers, domain: "examples.ItemService" });
          expect(headerListBytes(sent.details, sent.metadata)).toBeLessThanOrEqual(8192);
          const seen = decoded(sent);
          expect([seen.code, seen.reason]).toEqual([status.ABORTED, "GONE"]);
          expect(seen.errorDetails.retryInfo).toEqual(details.retryInfo);
          const bytes = sent.metadata?.get("grpc-status-details-bin")[0];
          expect(Status.decode(bytes as Buffer)).toMatchObject({
            code: sent.code,
            message: sent.details,
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** What RFC 9113, section 6.5.2 counts, with all that grpc-js and Node.js send of their own. */
function headerListBytes(details: string, metadata: Metadata | undefined): number {
  const headers = Object.entries({
    ...metadata?.toHttp2Headers(),
    ":status": "200",
    "content-type": "application/grpc+proto",
    "grpc-accept-encoding": "identity,deflate,gzip",
    "grpc-encoding": "identity",
    date: new Date(0).toUTCString(),
    "grpc-status": "16",
    "grpc-message": encodeURI(details),
  });
  const entries = headers.flatMap(([key, values]) =>
    [values].flat().map((value) => key.length + Buffer.byteLength(String(value)) + 32),
  );
  return entries.reduce((total, bytes) => total + bytes, 0);
}
