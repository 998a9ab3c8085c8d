import { Metadata, status } from "@grpc/grpc-js";
import {
  NotFoundError,
  readErrorDetail,
  readErrorDetails,
  StatusError,
  setRetryPushback,
} from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import { assert, asyncProperty, integer, string } from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type FixtureHandlers, serveFixture } from "../../test/serve-fixture.ts";
import { errors } from "./errors.ts";
import type { HiddenFailure } from "./hidden-failure.ts";
import { serverInterceptor } from "./server-interceptor.ts";

/** Handlers that fail with this in the way that grpc-js has for each kind of call. */
function failWith(error: unknown): FixtureHandlers {
  return {
    unary: (_call, callback) => callback(error as Error),
    serverStream: (call) => call.emit("error", error),
    clientStream: (_call, callback) => callback(error as Error),
    bidi: (call) => call.emit("error", error),
  };
}

const fails = (): never => {
  throw new Error("S3CR3T");
};

/** What comes of a code that a handler fails with. */
function sentFor(code: number, kind: CallKind): status {
  if (code === status.OK) {
    return kind === "unary" ? status.INTERNAL : status.OK;
  }
  const isHidden = [status.UNKNOWN, status.INTERNAL, status.DATA_LOSS].includes(code);
  return isHidden || status[code] === undefined ? status.INTERNAL : code;
}

async function callFailing(kind: CallKind, handlers: Partial<FixtureHandlers>) {
  const hidden: HiddenFailure[] = [];
  const { client } = await serveFixture({
    handlers,
    interceptors: [errors({ onHidden: (failure) => hidden.push(failure) })],
  });
  const outcome = await callFixture(client, kind).outcome;
  return { outcome, hidden, detail: readErrorDetail(outcome.trailers) };
}

describe("errors", () => {
  describe.each(callKinds)("in a call of kind %s", (kind) => {
    const ways: readonly (readonly [string, Partial<FixtureHandlers>])[] = [
      ["an Error", failWith(new Error("S3CR3T"))],
      [
        "an error with a code of node",
        failWith(Object.assign(new Error("S3CR3T"), { code: "ENOENT" })),
      ],
      ["UNKNOWN", failWith({ code: status.UNKNOWN, details: "S3CR3T" })],
      ["INTERNAL", failWith({ code: status.INTERNAL, details: "S3CR3T" })],
      ["a code that is none", failWith({ code: 99, details: "S3CR3T" })],
      ["a throw", { unary: fails, serverStream: fails, clientStream: fails, bidi: fails }],
    ];
    it.each(ways)("C2, C3, C5, C8: hides %s behind an error id", async (_way, handlers) => {
      const { outcome, hidden, detail } = await callFailing(kind, handlers);
      expect([outcome.code, outcome.details]).toEqual([status.INTERNAL, "internal error"]);
      expect(JSON.stringify(outcome.trailers.toJSON())).not.toContain("S3CR3T");
      const errorId = detail?.metadata.get("error_id");
      expect(errorId).toMatch(/^[0-9a-f-]{36}$/);
      expect(hidden).toMatchObject([{ errorId, call: { method: { name: expect.any(String) } } }]);
    });

    it("sends a status that is meant, with details for programs", async () => {
      const { outcome, hidden, detail } = await callFailing(
        kind,
        failWith({ code: status.NOT_FOUND, details: "no item 7" }),
      );
      expect([outcome.code, outcome.details]).toEqual([status.NOT_FOUND, "no item 7"]);
      expect(detail?.message).toBe("no item 7");
      expect(readErrorDetails(outcome.trailers).errorInfo).toMatchObject({
        reason: "NOT_FOUND",
        domain: "fixtures.FixtureService",
      });
      expect(hidden).toEqual([]);
    });

    it("keeps the trailers of a handler", async () => {
      const metadata = new Metadata();
      metadata.set("x-shop", "acme");
      setRetryPushback(metadata, 1_500);
      const handlers = failWith({ code: status.UNAVAILABLE, details: "later", metadata });
      const { outcome } = await callFailing(kind, handlers);
      expect(outcome.trailers.get("x-shop")).toEqual(["acme"]);
      expect(outcome.trailers.get("grpc-retry-pushback-ms")).toEqual(["1500"]);
      expect(metadata.get("grpc-status-details-bin")).toEqual([]);
    });

    it("tells what interceptors further inside throw", async () => {
      const refuse = serverInterceptor(() => {
        throw new NotFoundError("not here", { reason: "NOT_HERE" });
      });
      const { client } = await serveFixture({ interceptors: [errors(), refuse] });
      const { code, details, trailers } = await callFixture(client, kind).outcome;
      expect([code, details]).toEqual([status.NOT_FOUND, "not here"]);
      expect(readErrorDetails(trailers).errorInfo?.reason).toBe("NOT_HERE");
    });
  });

  it("asks the mapper that it is given", async () => {
    const errorToStatus = vi.fn(() => ({ code: status.ABORTED, details: "mapped" }));
    const { client } = await serveFixture({
      interceptors: [errors({ errorToStatus })],
      handlers: failWith(new StatusError(status.NOT_FOUND, "no")),
    });
    expect(await callFixture(client, "unary").outcome).toMatchObject({
      code: status.ABORTED,
      details: "mapped",
    });
    expect(errorToStatus).toHaveBeenCalledOnce();
  });

  it("hides an error of code 0, and an answer without a message", async () => {
    const handlers = failWith({ code: status.OK, details: "S3CR3T" });
    for (const kind of ["unary", "clientStream"] as const) {
      const { outcome } = await callFailing(kind, handlers);
      expect(outcome).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    }
  });

  it("B13: sends whatever text a handler fails with", async () => {
    const text = { details: "" as string, code: status.ABORTED as status };
    const fail = () => ({ ...text });
    const { client } = await serveFixture({
      interceptors: [errors({ onHidden: () => {} })],
      handlers: {
        unary: (_call, callback) => callback(fail()),
        bidi: (call) => call.emit("error", fail()),
      },
    });
    const texts = string({ unit: "binary", maxLength: 3_000 });
    await assert(
      asyncProperty(texts, integer({ min: -1, max: 40 }), async (details, code) => {
        Object.assign(text, { details: `${details}\ud800`, code });
        for (const kind of ["unary", "bidi"] as const) {
          const outcome = await callFixture(client, kind).outcome;
          expect(outcome.code).toBe(sentFor(code, kind));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("writes to stderr what nobody takes, in one line", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { client } = await serveFixture({
      interceptors: [errors()],
      handlers: failWith(new Error("line\nbreak")),
    });
    await callFixture(client, "unary").outcome;
    expect(write.mock.calls).toHaveLength(1);
    expect(String(write.mock.calls[0]?.[0])).toMatch(
      /^\/fixtures\.FixtureService\/Unary failed, error id [0-9a-f-]{36}: "Error: line break\\n.*"\n$/,
    );
  });
});
