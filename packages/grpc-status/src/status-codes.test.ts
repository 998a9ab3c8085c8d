import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { codeToHttpStatus, httpStatusToCode } from "./http-status.ts";
import { isRetryable, isServerFault, statusCodeInfo, statusCodes } from "./status-codes.ts";

describe("statusCodes", () => {
  it("has every code at its number, named as grpc-js names it", () => {
    expect(statusCodes.map(({ name }) => name)).toEqual(
      Array.from({ length: 17 }, (_, code) => status[code]),
    );
    expect(statusCodes.map(({ code }) => code)).toEqual([...statusCodes.keys()]);
  });

  it("has the names of Go, as in Prometheus", () => {
    expect(statusCodes.map(({ goName }) => goName).join(" ")).toBe(
      "OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied " +
        "ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable " +
        "DataLoss Unauthenticated",
    );
  });

  it("blames the server for six, and calls one worth another try", () => {
    expect(statusCodes.filter(({ code }) => isServerFault(code)).map(({ name }) => name)).toEqual([
      "UNKNOWN",
      "DEADLINE_EXCEEDED",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
    ]);
    expect(statusCodes.filter(({ code }) => isRetryable(code)).map(({ name }) => name)).toEqual([
      "UNAVAILABLE",
    ]);
  });

  it("logs the server's own faults louder than the caller's", () => {
    const levels = (level: string) =>
      statusCodes.filter(({ serverLogLevel }) => serverLogLevel === level).map(({ code }) => code);
    expect(levels("error")).toEqual([2, 12, 13, 15]);
    expect(levels("warn")).toEqual([4, 7, 8, 9, 10, 11, 14]);
  });

  it.each([-1, 17, 99, 1.5, Number.NaN])("takes %s for UNKNOWN", (code) => {
    expect(statusCodeInfo(code).name).toBe("UNKNOWN");
  });
});

describe("codeToHttpStatus", () => {
  it("is what google.rpc.Code says", () => {
    expect(statusCodes.map(({ code }) => codeToHttpStatus(code))).toEqual([
      200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
    ]);
  });
});

describe("httpStatusToCode", () => {
  it.each([
    [400, "INTERNAL"],
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "UNIMPLEMENTED"],
    [429, "UNAVAILABLE"],
    [502, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
    [504, "UNAVAILABLE"],
    [200, "UNKNOWN"],
    [500, "UNKNOWN"],
    [418, "UNKNOWN"],
  ])("%s -> %s", (httpStatus, name) => {
    expect(status[httpStatusToCode(httpStatus)]).toBe(name);
  });
});
