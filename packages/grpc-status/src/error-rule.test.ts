import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { secret } from "../test/code-of.ts";
import { decoded } from "../test/decoded.ts";
import { NotFoundError } from "./domain-errors.ts";
import { createErrorMapper, errorToStatus } from "./error-mapper.ts";
import { errorRule } from "./error-rule.ts";
import { StatusError } from "./status-error.ts";

describe("createErrorMapper", () => {
  class ShopError extends Error {}
  class ClosedError extends ShopError {}

  it("asks the rules first and in order, for causes as well", () => {
    const toStatus = createErrorMapper({
      rules: [
        errorRule(ClosedError, (error) => new StatusError(status.UNAVAILABLE, error.message)),
        errorRule(ShopError, status.FAILED_PRECONDITION),
        (error) =>
          error === "full" ? new StatusError(status.ABORTED, "the shop is full") : undefined,
        errorRule(NotFoundError, status.OUT_OF_RANGE),
      ],
    });
    const tell = (error: unknown) => {
      const { code, details } = toStatus(error);
      return [status[code], details];
    };
    expect(tell(new ClosedError("closed"))).toEqual(["UNAVAILABLE", "closed"]);
    expect(tell(new Error("x", { cause: new ClosedError("closed") }))).toEqual([
      "UNAVAILABLE",
      "closed",
    ]);
    expect(tell(new ShopError(secret))[0]).toBe("FAILED_PRECONDITION");
    expect(tell(new ShopError(secret))[1]).not.toContain(secret);
    expect(tell("full")).toEqual(["ABORTED", "the shop is full"]);
    expect(tell(new NotFoundError("no page 9"))).toEqual(["OUT_OF_RANGE", "no page 9"]);
    expect(tell(new Error(secret))).toEqual(["INTERNAL", "internal error"]);
  });

  it("tells the message of a registered error that is exposed", () => {
    const toStatus = createErrorMapper({ rules: [errorRule(ShopError, status.ABORTED)] });
    const error = Object.assign(new ShopError("come back later"), { expose: true });
    expect(toStatus(error)).toMatchObject({ code: status.ABORTED, details: "come back later" });
    expect(toStatus(error).errorId).toBeUndefined();
    const fault = createErrorMapper({ rules: [errorRule(ShopError, status.DATA_LOSS)] })(error);
    expect([fault.details, typeof fault.errorId]).toEqual(["come back later", "string"]);
  });

  it("is total: a rule that throws, or answers nonsense, makes INTERNAL", () => {
    const fail = () => {
      throw new Error(secret);
    };
    for (const rule of [fail, () => 99, () => "x" as never, () => 0]) {
      expect(createErrorMapper({ rules: [rule] })(new NotFoundError("x"))).toMatchObject({
        code: status.INTERNAL,
        details: "internal error",
      });
    }
    const toStatus = createErrorMapper({ traceId: fail, localize: fail });
    const error = new NotFoundError("x", { resource: { type: "item", name: "7" } });
    const sent = decoded(toStatus(error, { traceId: "trace", acceptLanguage: "de" }));
    expect(sent).toMatchObject({
      code: status.NOT_FOUND,
      details: "x",
      errorDetails: { resourceInfo: { resourceName: "7" } },
    });
    expect(sent.errorDetail?.metadata.get("trace_id")).toBe("trace");
  });

  it("has its own domain and trace", () => {
    const toStatus = createErrorMapper({ domain: "shop", traceId: () => "trace" });
    const error = decoded(toStatus(new NotFoundError("x"), { domain: "other", traceId: "other" }));
    expect([error.domain, error.errorDetail?.metadata.get("trace_id")]).toEqual(["shop", "trace"]);
  });

  it("says an error in the caller's language", () => {
    const toStatus = createErrorMapper({
      localize: ({ reason, metadata }, acceptLanguage) =>
        acceptLanguage.startsWith("de") && reason === "NOT_FOUND"
          ? { locale: "de", message: `Nummer ${metadata.get("number")} fehlt` }
          : undefined,
    });
    const error = new NotFoundError("no number 7", { metadata: { number: "7" } });
    const messageFor = (acceptLanguage?: string) =>
      decoded(toStatus(error, { acceptLanguage })).errorDetails.localizedMessage;
    expect(messageFor("de, en;q=0.5")).toEqual({ locale: "de", message: "Nummer 7 fehlt" });
    expect([messageFor("fr"), messageFor()]).toEqual([undefined, undefined]);
    const own = new StatusError(status.NOT_FOUND, "x", {
      errorDetails: { localizedMessage: { locale: "de", message: "Weg" } },
    });
    const sent = decoded(toStatus(own, { acceptLanguage: "de" }));
    expect(sent.errorDetails.localizedMessage?.message).toBe("Weg");
  });

  it("C4: never sends a stack, and the text of a DebugInfo only if the options say so", () => {
    const debugInfo = { detail: "slow query", stackEntries: ["at query (/srv/shop/db.js:7)"] };
    const error = new StatusError(status.INTERNAL, "x", { errorDetails: { debugInfo } });
    expect(decoded(errorToStatus(error)).errorDetails.debugInfo).toBeUndefined();
    const exposed = createErrorMapper({ exposeDebug: true })(error);
    expect(decoded(exposed).errorDetails.debugInfo).toEqual({
      detail: "slow query",
      stackEntries: [],
    });
  });

  it.each([
    [{ rules: [7] }, "rules must be functions, got 7 at 0"],
    [{ passThrough: [0] }, "passThrough must be status codes from 1 to 16, got 0"],
    [{ traceId: "x" }, "traceId must be a function, got x"],
    [{ domain: 7 }, "domain must be a string, got 7"],
    [{ localize: 1 }, "localize must be a function, got 1"],
  ])("refuses %o", (options, message) => {
    expect(() => createErrorMapper(options as never)).toThrow(message);
  });
});

describe("errorRule", () => {
  it("refuses what is no class or no code", () => {
    expect(() => errorRule({} as never, status.ABORTED)).toThrow("type must be a class");
    expect(() => errorRule(Error, 0 as status)).toThrow(
      new RangeError("to must be a gRPC status code from 1 to 16, got 0"),
    );
  });
});
