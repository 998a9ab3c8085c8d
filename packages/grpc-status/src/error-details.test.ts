import { ErrorInfo } from "@grpc-kit/generated-protos/google/rpc/error_details";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorDetailsArbitrary } from "../test/error-details-arbitrary.ts";
import { decodeErrorDetails, encodeErrorDetails, toAny } from "./error-details.ts";

describe("error details", () => {
  it("survive encoding and decoding, all ten types", () => {
    fc.assert(
      fc.property(errorDetailsArbitrary, (details) => {
        expect(decodeErrorDetails(encodeErrorDetails(details))).toEqual(details);
      }),
    );
  });

  it("may leave fields out", () => {
    const encoded = encodeErrorDetails({
      badRequest: { fieldViolations: [{ field: "name" }] },
      help: undefined,
    });
    expect(decodeErrorDetails(encoded)).toEqual({
      badRequest: {
        fieldViolations: [
          { field: "name", description: "", reason: "", localizedMessage: undefined },
        ],
      },
    });
  });

  it("have the type URLs that everybody else uses", () => {
    const [detail] = encodeErrorDetails({ errorInfo: { reason: "SKU_TAKEN" } });
    expect(detail?.typeUrl).toBe("type.googleapis.com/google.rpc.ErrorInfo");
  });

  it("are known by their type whatever host is in front of it", () => {
    const value = Buffer.from(ErrorInfo.encode(ErrorInfo.create({ reason: "A" })).finish());
    for (const typeUrl of ["google.rpc.ErrorInfo", "example.com/types/google.rpc.ErrorInfo"]) {
      expect(decodeErrorDetails([{ typeUrl, value }]).errorInfo?.reason).toBe("A");
    }
  });

  it("keep what they do not know, and what comes a second time, as it came", () => {
    const shortage = toAny("shop.v1.Shortage", Buffer.from([8, 1]));
    const [first] = encodeErrorDetails({ errorInfo: { reason: "FIRST" } });
    const [second] = encodeErrorDetails({ errorInfo: { reason: "SECOND" } });
    const decoded = decodeErrorDetails(
      [shortage, first, second].filter((any) => any !== undefined),
    );
    expect(decoded.errorInfo?.reason).toBe("FIRST");
    expect(decoded.others).toEqual([shortage, second]);
    expect(encodeErrorDetails({ others: [shortage] })).toEqual([shortage]);
  });

  it("keep a standard type whose bytes cannot be read as it came", () => {
    const broken = toAny("google.rpc.BadRequest", Buffer.from([10, 200]));
    expect(decodeErrorDetails([broken])).toEqual({ others: [broken] });
  });

  it("B10: take any key of metadata without touching a prototype", () => {
    const metadata = new Map([
      ["__proto__", "polluted"],
      ["constructor", "polluted"],
    ]);
    const decoded = decodeErrorDetails(encodeErrorDetails({ errorInfo: { metadata } }));
    expect(decoded.errorInfo?.metadata).toEqual(metadata);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
