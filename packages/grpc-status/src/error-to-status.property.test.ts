import { Metadata, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorToStatus } from "./error-to-status.ts";
import { StatusError } from "./status-error.ts";

describe("errorToStatus", () => {
  it("sends what a StatusError was made to tell", () => {
    const metadata = new Metadata();
    metadata.set("x-reason", "gone");
    const sent = errorToStatus(new StatusError(status.NOT_FOUND, "no item 7", { metadata }));
    expect(sent).toMatchObject({ code: status.NOT_FOUND, details: "no item 7" });
    expect(sent.metadata?.toJSON()).toEqual({ "x-reason": ["gone"] });
  });

  it("C3: tells nothing of any other value that is thrown", () => {
    const internal = { code: status.INTERNAL, details: "internal error" };
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        expect(errorToStatus(thrown)).toEqual(internal);
      }),
    );
    expect(errorToStatus(Object.assign(new Error("dsn"), { code: 5, details: "dsn" }))).toEqual(
      internal,
    );
  });

  it("C9: tells which metadata could not be sent", () => {
    const [metadata, trailers] = [new Metadata(), new Metadata()];
    metadata.set("x-a", "error");
    metadata.set("a:b", "colon");
    trailers.set("x-a", "trailer");
    trailers.set("x-b", "trailer");
    trailers.set("x-big", "x".repeat(9_000));
    const sent = errorToStatus(new StatusError(status.ABORTED, "x", { metadata }), trailers);
    expect(sent.metadata?.toJSON()).toEqual({ "x-a": ["error"], "x-b": ["trailer"] });
    expect(sent.dropped).toEqual(["a:b", "x-big"]);
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
      Object.create(error, { code: { get: fail } }),
      Object.create(error, { details: { value: { toString: fail } } }),
      Object.create(error, { code: { value: 99 } }),
    ];
    for (const thrown of hostile) {
      expect(errorToStatus(thrown)).toEqual({ code: status.INTERNAL, details: "internal error" });
    }
    const unreadable = [{ get: fail }, { value: { toJSON: fail } }, { value: 7 }, { value: null }];
    for (const metadata of unreadable) {
      const sent = errorToStatus(Object.create(error, { metadata }));
      expect(sent).toEqual({ code: status.ABORTED, details: "x" });
    }
  });

  it("B13: keeps all trailers of any StatusError below 8 KiB", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.nat(9000),
        fc.nat(9000),
        (text, times, bytes) => {
          const metadata = new Metadata();
          metadata.set("x-big-bin", Buffer.alloc(bytes));
          const error = new StatusError(status.ABORTED, text.repeat(times), { metadata });
          const sent = errorToStatus(error);
          const headers = Object.entries(sent.metadata?.toHttp2Headers() ?? {});
          const size = headers.reduce(
            (sum, [key, value]) => sum + key.length + `${value}`.length,
            0,
          );
          expect(size + encodeURI(sent.details).length).toBeLessThanOrEqual(8192);
        },
      ),
    );
  });
});
