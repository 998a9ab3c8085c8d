import { type ServiceDefinition, status } from "@grpc/grpc-js";
import { findDetail, NotFoundError, ValidationError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds, type Outcome } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { assert, asyncProperty, constantFrom, string } from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import { serverInterceptor } from "./server-interceptor.ts";
import { type RequestValidator, validation } from "./validation.ts";

const maxLength = 8;
const shortText: RequestValidator = {
  validate(message) {
    const { text } = message as Envelope;
    if (text.length > maxLength) {
      const description = `at most ${maxLength} characters, got ${text.length}`;
      throw new ValidationError([{ field: "text", description, reason: "TOO_BIG" }]);
    }
  },
};
const services: ServiceDefinition[] = [FixtureServiceService];
const paths = Object.values(FixtureServiceService).map(({ path }) => path);

function all(validator: RequestValidator): ReadonlyMap<string, RequestValidator> {
  return new Map(paths.map((path) => [path, validator]));
}

function thrower(error: unknown): RequestValidator {
  return {
    validate() {
      throw error;
    },
  };
}

async function serve(validator: RequestValidator) {
  const reached: string[] = [];
  const inside = serverInterceptor(() => ({
    onMessage: (message) => reached.push((message as Envelope).text),
  }));
  const interceptors = [validation({ validators: all(validator), services }), inside];
  const { client } = await serveFixture({ interceptors });
  return { client, reached };
}

function detailOf<Name extends "badRequest" | "errorInfo">(outcome: Outcome, name: Name) {
  return findDetail(Object.assign(new Error(), outcome, { metadata: outcome.trailers }), name);
}

describe("validation", () => {
  it.each(callKinds)(
    "B12 refuses a message that breaks the rules, and says where: %s",
    async (kind) => {
      const { client, reached } = await serve(shortText);
      const outcome = await callFixture(client, kind, { requests: [{ text: "far too long" }] })
        .outcome;
      expect([outcome.code, outcome.details]).toEqual([
        status.INVALID_ARGUMENT,
        "text: at most 8 characters, got 12",
      ]);
      expect(detailOf(outcome, "badRequest")?.fieldViolations).toMatchObject([
        { field: "text", description: "at most 8 characters, got 12", reason: "TOO_BIG" },
      ]);
      expect(detailOf(outcome, "errorInfo")?.reason).toBe("VALIDATION_FAILED");
      expect(reached).toEqual([]);
    },
  );

  it.each(["clientStream", "bidi"] as const)(
    "checks each message of a stream, not only the first: %s",
    async (kind) => {
      const { client, reached } = await serve(shortText);
      const requests = ["a", "b", "far too long", "c"].map((text) => ({ text }));
      const { code } = await callFixture(client, kind, { requests }).outcome;
      expect([code, reached]).toEqual([status.INVALID_ARGUMENT, ["a", "b"]]);
    },
  );

  it("B12: has one verdict at the bounds for all kinds of call", async () => {
    const { client } = await serve(shortText);
    await assert(
      asyncProperty(
        constantFrom(...callKinds),
        string({ minLength: maxLength - 2, maxLength: maxLength + 2, unit: "grapheme" }),
        async (kind, text) => {
          const { code } = await callFixture(client, kind, { requests: [{ text }] }).outcome;
          const isWrong = text.length > maxLength;
          expect(code).toBe(isWrong ? status.INVALID_ARGUMENT : status.OK);
        },
      ),
      { numRuns: 120 },
    );
  });

  it.each(callKinds)("hides what else a validator throws: %s", async (kind) => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { client } = await serve(thrower(new TypeError("S3CR3T schema")));
    const outcome = await callFixture(client, kind).outcome;
    expect([outcome.code, outcome.details]).toEqual([status.INTERNAL, "internal error"]);
    expect(detailOf(outcome, "errorInfo")?.metadata.get("errorId")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("keeps a reason that a validator gives, and an error that is meant for the caller", async () => {
    const named = new ValidationError("no", { reason: "EMPTY_MASK" });
    const ofNamed = await callFixture((await serve(thrower(named))).client, "unary").outcome;
    expect(detailOf(ofNamed, "errorInfo")?.reason).toBe("EMPTY_MASK");
    const missing = await serve(thrower(new NotFoundError("no such item")));
    expect((await callFixture(missing.client, "unary").outcome).code).toBe(status.NOT_FOUND);
  });

  it("lets a method pass that has no validator, if no services are given", async () => {
    const validators = new Map([["/fixtures.FixtureService/Bidi", thrower(new Error("never"))]]);
    const { client } = await serveFixture({ interceptors: [validation({ validators })] });
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
  });

  it("does not come about without a validator for each method, or with one for none", () => {
    const [missing, ...others] = paths;
    const some = new Map(others.map((path) => [path, shortText]));
    expect(() => validation({ validators: some, services })).toThrow(
      new TypeError(`validators must have one for each method, got none for ${missing}`),
    );
    const more = new Map([
      ...all(shortText),
      ["/fixtures.FixtureService/Gone", shortText] as const,
    ]);
    expect(() => validation({ validators: more, services })).toThrow(
      new TypeError(
        "validators must be for methods of the services, got /fixtures.FixtureService/Gone",
      ),
    );
  });
});

it("refuses what a validator would only find out later", async () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const path = "/fixtures.FixtureService/Unary";
  const validate = async () => {
    throw new Error("too late");
  };
  const { client } = await serveFixture({
    interceptors: [validation({ validators: new Map([[path, { validate }]]) })],
  });
  expect((await callFixture(client, "unary").outcome).code).toBe(status.INTERNAL);
  expect(String(write.mock.calls[0]?.[0])).toContain("must be synchronous, got a promise");
});
