import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { decoded } from "../test/decoded.ts";
import { type ErrorDetailsInit, toAny } from "./error-details.ts";
import { createErrorMapper } from "./error-mapper.ts";
import { StatusError } from "./status-error.ts";

const errorToStatus = createErrorMapper({ exposeDebug: true });
const filler = "x".repeat(2_000);

function sentOf(errorDetails: ErrorDetailsInit, text = "no") {
  const sent = errorToStatus(new StatusError(status.ABORTED, text, { errorDetails }));
  const { errorDetails: details } = decoded(sent);
  const { errorInfo, retryInfo, ...rest } = details;
  return {
    names: Object.keys(rest),
    isMarked: errorInfo?.metadata.get("truncated") === "true",
    reason: errorInfo?.reason,
    retryInfo,
    violations: details.badRequest?.fieldViolations.map(({ field }) => field),
    text: sent.details,
  };
}

function violations(count: number, bytes: number) {
  return {
    fieldViolations: Array.from({ length: count }, (_, index) => ({
      field: `f${index}`,
      description: "x".repeat(bytes),
    })),
  };
}

describe("details that do not fit", () => {
  const retryInfo = { retryDelay: { seconds: 7n, nanos: 0 } };
  const errorInfo = { reason: "TOO_MUCH" };
  const help = { links: [{ description: filler, url: "" }] };
  const localizedMessage = { locale: "en", message: filler };
  const debugInfo = { detail: filler };
  const badRequest = violations(1, 2_000);
  const all = { errorInfo, retryInfo, badRequest, help, localizedMessage, debugInfo };

  it("are all sent while they fit", () => {
    expect(sentOf({ errorInfo, retryInfo, help, debugInfo })).toMatchObject({
      names: ["help", "debugInfo"],
      isMarked: false,
    });
  });

  it("go in order: DebugInfo, Help, LocalizedMessage", () => {
    const bigger = { locale: "en", message: "x".repeat(3_500) };
    expect(sentOf({ ...all, help: undefined })).toMatchObject({
      names: ["badRequest", "localizedMessage"],
      isMarked: true,
    });
    expect(sentOf({ ...all, badRequest: undefined })).toMatchObject({
      names: ["help", "localizedMessage"],
      isMarked: true,
    });
    expect(sentOf({ ...all, localizedMessage: bigger })).toMatchObject({
      names: ["badRequest"],
      isMarked: true,
    });
  });

  it("lose violations from the end then, as many as they must and no more", () => {
    const sent = sentOf({ ...all, badRequest: violations(100, 100) });
    const kept = sent.violations ?? [];
    expect(sent).toMatchObject({ names: ["badRequest"], isMarked: true, reason: "TOO_MUCH" });
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => `f${index}`));
    // 8 KiB less the rest, in base64, are some 5,400 bytes.
    expect(kept.length * 109).toBeGreaterThan(4_900);
  });

  it("keep ErrorInfo and RetryInfo whatever else goes, the text as long as it can", () => {
    const sent = sentOf({
      errorInfo,
      retryInfo,
      badRequest: violations(1, 9_000),
      quotaFailure: { violations: [{ subject: "x".repeat(9_000) }] },
      others: [toAny("shop.v1.Shortage", Buffer.alloc(9_000))],
    });
    expect(sent).toMatchObject({ names: [], isMarked: true, reason: "TOO_MUCH", retryInfo });
    expect(sent.text).toBe("no");
  });

  it("keep a small detail that stands behind a big one", () => {
    const resourceInfo = { resourceType: "item" };
    const others = [toAny("shop.v1.Shortage", Buffer.alloc(9_000))];
    expect(sentOf({ resourceInfo, others })).toMatchObject({ names: ["resourceInfo"] });
  });
});

describe("a long text", () => {
  it("makes room for what the call sends, cut between characters", () => {
    const text = "世".repeat(341);
    const error = new StatusError(status.ABORTED, text);
    const trailers = new Metadata();
    trailers.set("next-page-token", "x".repeat(2_000));
    expect(errorToStatus(error).details).toBe(text);
    const sent = errorToStatus(error, { trailers });
    expect(sent.details).toBe(`${"世".repeat(84)}…`);
    expect(sent.metadata?.get("next-page-token")).toEqual(["x".repeat(2_000)]);
  });
});

describe("metadata that does not fit", () => {
  it("goes in this order: the call's, the error's, the request not to try again", () => {
    const [metadata, trailers] = [new Metadata(), new Metadata()];
    metadata.set("x-error", "x".repeat(4_000));
    trailers.set("x-call", "x".repeat(4_000));
    const retryInfo = { retryDelay: { seconds: 7n } };
    const error = new StatusError(status.UNAVAILABLE, "x", {
      metadata,
      errorDetails: { retryInfo },
    });
    const sent = errorToStatus(error, { trailers });
    expect(sent.dropped).toEqual(["x-call"]);
    expect(sent.metadata?.get("grpc-retry-pushback-ms")).toEqual(["7000"]);
    metadata.set("grpc-retry-pushback-ms", "20");
    metadata.set("x-error", "x".repeat(9_000));
    const squeezed = errorToStatus(error, { trailers });
    expect(squeezed.dropped).toEqual(["x-error"]);
    expect(squeezed.metadata?.get("grpc-retry-pushback-ms")).toEqual(["20"]);
  });
});
