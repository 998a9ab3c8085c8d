import { Metadata, status } from "@grpc/grpc-js";
import { createErrorMapper, errorRule, NotFoundError, StatusError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { describe, expect, it, vi } from "vitest";
import { callErrorOf } from "../test/call-error-of.ts";
import { echo, type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import type { GrpcServerOptions } from "./server-options.ts";

function failingWith(error: () => unknown): FixtureHandlers {
  const fail = () => {
    throw error();
  };
  return { ...echo, unary: fail, serverStream: fail, clientStream: fail, bidi: fail };
}

async function callErrorsOf(
  error: () => unknown,
  options: Partial<GrpcServerOptions> = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const { client, errors } = await serveFixture(failingWith(error), options);
  const metadata = Metadata.fromHttp2Headers(headers);
  const callErrors = [];
  for (const kind of callKinds) {
    callErrors.push(callErrorOf(await callFixture(client, kind, { metadata }).outcome));
  }
  return { callErrors, errors };
}

class CartFullError extends Error {}

describe("an error of a handler", () => {
  it("names the service as its domain", async () => {
    const { callErrors } = await callErrorsOf(() => new NotFoundError("no item 7"));
    for (const { domain, reason, errorDetail } of callErrors) {
      expect([domain, reason, errorDetail?.code]).toEqual([
        "fixtures.FixtureService",
        "NOT_FOUND",
        "NotFoundError",
      ]);
    }
  });

  it.each([
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"],
    [
      "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
      "4bf92f3577b34da6a3ce929d0e0e4736",
    ],
    [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, undefined],
    ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", undefined],
    ["nonsense", undefined],
  ])("belongs to the trace of its caller: %s", async (traceparent, traceId) => {
    const { callErrors } = await callErrorsOf(() => new NotFoundError("x"), {}, { traceparent });
    for (const { errorDetail } of callErrors) {
      expect(errorDetail?.metadata.get("trace_id")).toBe(traceId);
    }
  });

  it("is said by the rules and in the language of the server's own errorToStatus", async () => {
    const errorToStatus = createErrorMapper({
      rules: [errorRule(CartFullError, () => new StatusError(status.ABORTED, "the cart is full"))],
      localize: (_error, acceptLanguage) => ({ locale: acceptLanguage, message: "Wagen voll" }),
    });
    const { callErrors, errors } = await callErrorsOf(
      () => new CartFullError("x"),
      { errorToStatus },
      { "accept-language": "de" },
    );
    for (const { code, details, errorDetails } of callErrors) {
      expect([code, details]).toEqual([status.ABORTED, "the cart is full"]);
      expect(errorDetails.localizedMessage).toEqual({ locale: "de", message: "Wagen voll" });
    }
    expect(errors).toEqual([]);
  });

  it("is INTERNAL when errorToStatus throws, and is reported all the same", async () => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const errorToStatus = () => {
      throw new Error("S3CR3T");
    };
    const { callErrors, errors } = await callErrorsOf(() => new NotFoundError("x"), {
      errorToStatus,
    });
    for (const { code, details } of callErrors) {
      expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    }
    expect(errors.map(String)).toEqual(callKinds.map(() => "NotFoundError: x"));
    expect(stderr.mock.calls.join("")).toContain("errorToStatus has thrown: Error: S3CR3T");
  });
});
