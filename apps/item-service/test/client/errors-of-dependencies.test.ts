import { Metadata, status } from "@grpc/grpc-js";
import { isCircuitOpen } from "@grpc-kit/grpc-client";
import { type GrpcCallError, StatusError, statusCodes } from "@grpc-kit/grpc-status";
import { callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { callErrorOf } from "../serve.ts";
import { callKind } from "./fixture-stub.ts";
import { handlersThat } from "./handlers-that.ts";
import { serveTwo } from "./two-services.ts";

const names = ["CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"];
const failures = statusCodes.filter(({ code }) => code !== status.OK);
const passedOn = failures.filter(({ name }) => names.includes(name));
const hidden = failures.filter(({ name }) => !names.includes(name));

/** Fails with all that an error can tell. */
function failWith(code: status): never {
  const metadata = new Metadata();
  metadata.set("x-secret", "S3CR3T");
  const errorInfo = { reason: "S3CR3T", metadata: new Map([["secret", "S3CR3T"]]) };
  throw new StatusError(code, "S3CR3T", { metadata, errorDetails: { errorInfo } });
}

/** All that a caller is told. */
function told({ message, metadata, errorDetails, errorDetail }: GrpcCallError): string {
  const values = Object.entries(metadata.toJSON()).flat(2).map(String);
  const seen = (_key: string, value: unknown) => (value instanceof Map ? [...value] : value);
  return [message, ...values, JSON.stringify([errorDetails, errorDetail], seen)].join("\n");
}

describe("an error of a service that a service calls", () => {
  it.each(hidden)(
    "$name is INTERNAL to the caller, who is told nothing of it",
    async ({ code }) => {
      const { stub, a } = await serveTwo(
        handlersThat(() => failWith(code)),
        { retry: false },
      );
      for (const kind of callKinds) {
        const error = await callErrorOf(callKind(stub, kind, ["hi"]));
        expect(error).toMatchObject({
          code: status.INTERNAL,
          details: "internal error",
          reason: "INTERNAL",
          domain: "fixtures.FixtureService",
        });
        expect(told(error)).not.toContain("S3CR3T");
        const line = a.lines.find(({ error_id: id }) => id === error.errorId);
        expect(JSON.stringify(line)).toContain("S3CR3T");
      }
    },
  );

  it.each(passedOn)("$name stays what it is, in words of one's own", async ({ code }) => {
    const { stub } = await serveTwo(
      handlersThat(() => failWith(code)),
      { retry: false },
    );
    for (const kind of callKinds) {
      const error = await callErrorOf(callKind(stub, kind, ["hi"]));
      expect(error).toMatchObject({ code, domain: "fixtures.FixtureService", local: false });
      expect(told(error)).not.toContain("S3CR3T");
    }
  });

  it("is UNAVAILABLE when the circuit is open, and the caller cannot tell why", async () => {
    let calls = 0;
    const handlers = handlersThat(() => {
      calls += 1;
      failWith(status.UNAVAILABLE);
    });
    const { stub, b } = await serveTwo(handlers, {
      retry: false,
      circuitBreaker: { threshold: 2 },
    });
    const errors: GrpcCallError[] = [];
    for (let index = 0; index < 5; index += 1) {
      errors.push(await callErrorOf(callKind(stub, "unary", ["hi"])));
    }
    expect(calls).toBe(2);
    for (const error of errors) {
      expect(error).toMatchObject({ code: status.UNAVAILABLE, domain: "fixtures.FixtureService" });
      expect(error.details).toBe(errors[0]?.details);
      expect(error.reason).toBe(errors[0]?.reason);
      expect(isCircuitOpen(error)).toBe(false);
      expect(told(error)).not.toMatch(
        new RegExp(`circuit|grpc-kit|127\\.0\\.0\\.1|${b.port}`, "i"),
      );
    }
  });
});
