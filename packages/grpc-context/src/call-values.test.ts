import { Metadata } from "@grpc/grpc-js";
import { describe, expect, expectTypeOf, it } from "vitest";
import { callValues, createContextKey } from "./call-values.ts";
import { type Identity, identityKey } from "./keys.ts";

describe("callValues", () => {
  it("gives back what was set for the same metadata, by key", () => {
    const metadata = new Metadata();
    const [tenant, other] = [
      createContextKey<string>("tenant"),
      createContextKey<string>("tenant"),
    ];
    callValues(metadata).set(tenant, "acme");
    expect(callValues(metadata).get(tenant)).toBe("acme");
    expect(callValues(metadata).get(other)).toBeUndefined();
    expect(callValues(new Metadata()).get(tenant)).toBeUndefined();
  });

  it("is not sent", () => {
    const metadata = new Metadata();
    callValues(metadata).set(createContextKey<string>("secret"), "s3cret");
    expect(metadata.toHttp2Headers()).toEqual({});
  });

  it("knows the type of each value", () => {
    expectTypeOf(callValues(new Metadata()).get(identityKey)).toEqualTypeOf<Identity | undefined>();
  });
});
