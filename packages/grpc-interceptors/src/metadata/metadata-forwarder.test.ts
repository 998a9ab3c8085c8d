import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { createMetadataForwarder } from "./metadata-forwarder.ts";

function received(): Metadata {
  return Metadata.fromHttp2Headers({
    authorization: "Bearer S3CR3T",
    cookie: "S3CR3T",
    "user-agent": "curl",
    "grpc-timeout": "1S",
    "grpc-tags-bin": "AQI",
    te: "trailers",
    "x-tenant": "acme",
    "x-b3-traceid": "1",
    "x-b3-token": "S3CR3T",
    "x-b3-bin": "AQI",
  });
}

describe("createMetadataForwarder", () => {
  it("passes on what is on the list, and nothing else", () => {
    const forward = createMetadataForwarder(["x-tenant", "x-absent"]);
    expect(forward(received()).getMap()).toEqual({ "x-tenant": "acme" });
    expect(createMetadataForwarder([])(received()).getMap()).toEqual({});
  });

  it("passes on credentials only where they are named", () => {
    expect(createMetadataForwarder(["x-b3-*"])(received()).getMap()).toEqual({
      "x-b3-traceid": "1",
      "x-b3-bin": Buffer.from([1, 2]),
    });
    expect(createMetadataForwarder(["a*", "c*"])(received()).getMap()).toEqual({});
    expect(createMetadataForwarder(["authorization"])(received()).getMap()).toEqual({
      authorization: "Bearer S3CR3T",
    });
  });

  it("passes on none of the protocol's own keys for a beginning", () => {
    expect(createMetadataForwarder(["u*", "g*", "t*"])(received()).getMap()).toEqual({});
  });

  it("adds to what is there, in the place of what has the same key", () => {
    const [from, to] = [received(), new Metadata()];
    to.set("x-tenant", "other");
    to.set("x-own", "1");
    expect(createMetadataForwarder(["x-tenant"])(from, to)).toBe(to);
    expect(to.getMap()).toEqual({ "x-tenant": "acme", "x-own": "1" });
    expect(from.getMap()).toEqual(received().getMap());
  });

  it("refuses lists with keys that are the protocol's own, or none", () => {
    for (const entry of ["grpc-timeout", "grpc-*", "*", "te", "X-Tenant", "x-*-y", ":path", ""]) {
      expect(() => createMetadataForwarder([entry])).toThrow(/^allow must be/);
    }
  });
});
