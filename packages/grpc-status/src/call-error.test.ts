import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import { Status } from "@grpc-kit/generated-protos/google/rpc/status";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { GrpcCallError, isGrpcCallError, toCallError } from "./call-error.ts";
import { type ErrorDetailsInit, encodeErrorDetails, toAny } from "./error-details.ts";
import { findDetail } from "./find-detail.ts";

const statusKey = "grpc-status-details-bin";

function serviceError(code: number, metadata: Metadata = new Metadata()): ServiceError {
  const fields = { code, details: "no item 7", metadata };
  return Object.assign(new Error(`${code} ${status[code]}: no item 7`), fields);
}

function trailersWith(details: ErrorDetailsInit, pushback?: string): Metadata {
  const metadata = new Metadata();
  metadata.set(statusKey, statusBytes(details));
  if (pushback !== undefined) {
    metadata.set("grpc-retry-pushback-ms", pushback);
  }
  return metadata;
}

function statusBytes(details: ErrorDetailsInit): Buffer {
  const encoded = Status.encode({
    code: status.NOT_FOUND,
    message: "no item 7",
    details: [...encodeErrorDetails(details)],
  });
  return Buffer.from(encoded.finish());
}

describe("GrpcCallError", () => {
  const failure = { code: status.UNAVAILABLE, details: "no way", metadata: new Metadata() };

  it("says what its client knows of the call", () => {
    const options = { local: true, attempts: 3, path: "/shop.Items/GetItem" };
    expect(new GrpcCallError(failure, options)).toMatchObject(options);
  });

  it("takes nothing for known, and its argument for the cause, unless it is told", () => {
    expect(new GrpcCallError(failure)).toMatchObject({
      local: false,
      attempts: undefined,
      path: undefined,
      cause: failure,
    });
  });

  it("has no cause when it is told that there is none", () => {
    expect(new GrpcCallError(failure, { cause: undefined })).not.toHaveProperty("cause");
  });
});

describe("toCallError", () => {
  it("has what the server said", () => {
    const metadata = trailersWith({
      errorInfo: {
        reason: "ITEM_GONE",
        domain: "shop.example.com",
        metadata: new Map([["errorId", "e-7"]]),
      },
    });
    metadata.set(
      "error-detail-bin",
      Buffer.from(ErrorDetail.encode(ErrorDetail.create({ code: "ItemGoneError" })).finish()),
    );
    const error = serviceError(status.NOT_FOUND, metadata);
    expect(toCallError(error)).toMatchObject({
      name: "GrpcCallError",
      message: "NOT_FOUND: no item 7",
      code: status.NOT_FOUND,
      details: "no item 7",
      reason: "ITEM_GONE",
      domain: "shop.example.com",
      errorId: "e-7",
      retryable: false,
      retryDelayMs: undefined,
      errorDetail: { code: "ItemGoneError" },
      metadata,
      cause: error,
    });
  });

  it("has nothing of what the server did not say", () => {
    expect(toCallError(serviceError(status.NOT_FOUND))).toMatchObject({
      reason: undefined,
      domain: undefined,
      errorId: undefined,
      errorDetail: undefined,
      errorDetails: {},
    });
  });

  it("leaves a GrpcCallError as it is", () => {
    const error = toCallError(serviceError(status.ABORTED));
    expect(toCallError(error)).toBe(error);
  });

  it.each([0, 17, 11_000, -1, 1.5, Number.NaN])(
    "takes the code %s for UNKNOWN, and keeps the original",
    (code) => {
      const error = serviceError(code);
      expect(toCallError(error)).toMatchObject({ code: status.UNKNOWN, cause: error });
    },
  );

  it.each([new Error("x"), Object.assign(new Error("x"), { code: 5 }), "x", null, undefined, 7])(
    "takes %o for UNKNOWN, and keeps it as the cause",
    (value) => {
      const { code, cause } = toCallError(value);
      expect([code, cause]).toEqual([status.UNKNOWN, value]);
    },
  );

  const retryInfo = { retryDelay: { seconds: 1n, nanos: 500_000_001 } };
  type RetryCase = [
    name: string,
    code: status,
    details: ErrorDetailsInit,
    pushback: string | undefined,
    retryable: boolean,
    delayMs: number | undefined,
  ];
  it.each<RetryCase>([
    ["UNAVAILABLE", status.UNAVAILABLE, {}, undefined, true, undefined],
    ["UNAVAILABLE with a delay", status.UNAVAILABLE, { retryInfo }, undefined, true, 1_501],
    ["UNAVAILABLE with pushback", status.UNAVAILABLE, { retryInfo }, "20", true, 20],
    ["UNAVAILABLE and no more", status.UNAVAILABLE, { retryInfo }, "-1", false, undefined],
    ["UNAVAILABLE and nonsense", status.UNAVAILABLE, {}, "soon", false, undefined],
    ["RESOURCE_EXHAUSTED", status.RESOURCE_EXHAUSTED, {}, undefined, false, undefined],
    [
      "RESOURCE_EXHAUSTED for now",
      status.RESOURCE_EXHAUSTED,
      { retryInfo },
      undefined,
      true,
      1_501,
    ],
    ["ABORTED with a delay", status.ABORTED, { retryInfo }, undefined, false, 1_501],
    ["INTERNAL with a delay", status.INTERNAL, { retryInfo }, undefined, false, 1_501],
    [
      "a negative delay",
      status.UNAVAILABLE,
      { retryInfo: { retryDelay: { seconds: -5n, nanos: 0 } } },
      undefined,
      true,
      0,
    ],
    ...[
      { seconds: 2n ** 62n, nanos: 0 },
      { seconds: 0n, nanos: 1_000_000_000 },
    ].map(
      (retryDelay): RetryCase => [
        `a delay out of range: ${retryDelay.seconds} s`,
        status.UNAVAILABLE,
        { retryInfo: { retryDelay } },
        undefined,
        true,
        undefined,
      ],
    ),
  ])("tells whether to try again: %s", (_name, code, details, pushback, retryable, delayMs) => {
    const error = toCallError(serviceError(code, trailersWith(details, pushback)));
    expect([error.retryable, error.retryDelayMs]).toEqual([retryable, delayMs]);
  });

  it("reads the first value that can be read", () => {
    const metadata = new Metadata();
    metadata.add(statusKey, Buffer.from([0xff, 0xff]));
    metadata.add(statusKey, statusBytes({ errorInfo: { reason: "SECOND" } }));
    expect(toCallError(serviceError(5, metadata)).reason).toBe("SECOND");
  });

  it("B9: reads any bytes at all without throwing", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const anyBytes = fc.oneof(
      bytes,
      // Bytes that are a google.rpc.Status, around details that are anything.
      bytes.map((value) => statusBytes({ others: [toAny("google.rpc.QuotaFailure", value)] })),
      fc.tuple(bytes, fc.nat(60)).map(([garbage, at]) => {
        const valid = statusBytes({ badRequest: { fieldViolations: [{ field: "name" }] } });
        return Buffer.concat([valid.subarray(0, at), garbage, valid.subarray(at)]);
      }),
    );
    fc.assert(
      fc.property(anyBytes, anyBytes, (first, second) => {
        const metadata = new Metadata();
        metadata.add(statusKey, Buffer.from(first));
        metadata.add("error-detail-bin", Buffer.from(second));
        const error = serviceError(status.ABORTED, metadata);
        expect(toCallError(error).code).toBe(status.ABORTED);
        findDetail(error, "badRequest");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("findDetail", () => {
  const violation = { field: "name", description: "", reason: "", localizedMessage: undefined };
  const trailers = trailersWith({
    badRequest: { fieldViolations: [{ field: "name" }] },
    others: [toAny("shop.v1.Shortage", Buffer.from("first")), toAny("shop.v1.Other", Buffer.of())],
  });
  const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  it.each([
    ["an error of grpc-js", serviceError(status.INVALID_ARGUMENT, trailers)],
    ["a GrpcCallError", toCallError(serviceError(status.INVALID_ARGUMENT, trailers))],
  ])("finds the details of %s", (_name, error) => {
    expect(findDetail(error, "badRequest")).toEqual({ fieldViolations: [violation] });
    expect(findDetail(error, "retryInfo")).toBeUndefined();
    expect(findDetail(error, { typeName: "shop.v1.Shortage", decode })).toBe("first");
    expect(findDetail(error, { typeName: "shop.v1.Missing", decode })).toBeUndefined();
  });

  it("takes messages of protobuf-es", () => {
    const { typeName } = DurationSchema;
    const bytes = toBinary(DurationSchema, create(DurationSchema, { seconds: 7n }));
    const error = serviceError(5, trailersWith({ others: [toAny(typeName, bytes)] }));
    const decodeDuration = (value: Uint8Array) => fromBinary(DurationSchema, value);
    expect(findDetail(error, { typeName, decode: decodeDuration })?.seconds).toBe(7n);
  });

  it("finds nothing where a decoder throws", () => {
    const error = serviceError(status.INVALID_ARGUMENT, trailers);
    const fail = () => {
      throw new Error("no");
    };
    expect(findDetail(error, { typeName: "shop.v1.Shortage", decode: fail })).toBeUndefined();
  });

  it.each([new Error("x"), null, undefined, { code: 3 }])("finds nothing in %o", (error) => {
    expect(findDetail(error, "badRequest")).toBeUndefined();
  });
});

describe("isGrpcCallError", () => {
  it("knows the errors of a second copy of this module", async () => {
    vi.resetModules();
    const copy = await import("./call-error.ts");
    expect(copy.toCallError).not.toBe(toCallError);
    expect(isGrpcCallError(copy.toCallError(serviceError(5)))).toBe(true);
    expect(isGrpcCallError(serviceError(5))).toBe(false);
  });
});
