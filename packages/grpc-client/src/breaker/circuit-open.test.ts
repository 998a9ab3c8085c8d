import { Metadata, status } from "@grpc/grpc-js";
import { Status } from "@grpc-kit/generated-protos/google/rpc/status";
import { decodeErrorDetails, encodeErrorDetails, GrpcCallError } from "@grpc-kit/grpc-status";
import { describe, expect, it } from "vitest";
import { createCircuitRefusal, isCircuitOpen } from "./circuit-open.ts";

const target = "dns:///items:50051";
const path = "/examples.ItemService/GetItem";

describe("createCircuitRefusal", () => {
  it("says to people and to programs which circuit is open", () => {
    const { code, details, metadata } = createCircuitRefusal(target, path)();
    expect(code).toBe(status.UNAVAILABLE);
    expect(details).toBe(
      "not sent: the last calls of /examples.ItemService/GetItem to dns:///items:50051 failed, so that its circuit is open; look at their errors, and try again later",
    );
    const sent = Status.decode(metadata.get("grpc-status-details-bin")[0] as Buffer);
    expect([sent.code, sent.message]).toEqual([code, details]);
    expect(decodeErrorDetails(sent.details)).toEqual({
      errorInfo: {
        reason: "CIRCUIT_OPEN",
        domain: "grpc-kit.client",
        metadata: new Map([
          ["target", target],
          ["path", path],
        ]),
      },
    });
  });

  it("shares nothing between calls that they could change", () => {
    const refuse = createCircuitRefusal(target, path);
    refuse().metadata.set("seen-by", "one caller");
    expect(refuse().metadata.get("seen-by")).toEqual([]);
  });
});

describe("isCircuitOpen", () => {
  const refusal = createCircuitRefusal(target, path)();

  it("knows the refusal of a circuit", () => {
    expect(isCircuitOpen(new GrpcCallError(refusal, { local: true }))).toBe(true);
  });

  it("does not take a server's word for one", () => {
    expect(isCircuitOpen(new GrpcCallError(refusal))).toBe(false);
  });

  it("does not mistake other failures for one", () => {
    const said = [
      {},
      { reason: "CIRCUIT_OPEN", domain: "examples.ItemService" },
      { reason: "OVERLOADED", domain: "grpc-kit.client" },
    ];
    for (const errorInfo of said) {
      const details = [...encodeErrorDetails({ errorInfo })];
      const metadata = new Metadata();
      const bytes = Status.encode({ code: status.UNAVAILABLE, message: "", details }).finish();
      metadata.set("grpc-status-details-bin", Buffer.from(bytes));
      const error = new GrpcCallError({ ...refusal, metadata }, { local: true });
      expect(isCircuitOpen(error)).toBe(false);
    }
    for (const value of [undefined, null, "CIRCUIT_OPEN", new Error("CIRCUIT_OPEN"), refusal]) {
      expect(isCircuitOpen(value)).toBe(false);
    }
  });
});
