import { Metadata, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import type { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, expectTypeOf, it } from "vitest";
import { envelope, serveFixture } from "../../test/serve-fixture.ts";
import { binaryKey, binaryListKey, textKey, textListKey } from "./metadata-key.ts";

const tenant = textKey("x-tenant");
const trace = binaryKey("x-trace-bin");
const roles = textListKey("x-roles");
const proofs = binaryListKey("x-proofs-bin");

/** What a server makes of metadata. */
async function receivedBy<Read>(
  metadata: Metadata,
  read: (received: Metadata) => Read,
): Promise<Read> {
  const seen = Promise.withResolvers<Metadata>();
  const { client } = await serveFixture({
    handlers: {
      unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
        seen.resolve(call.metadata);
        callback(null, envelope({}));
      },
    },
  });
  await callFixture(client, "unary", { metadata }).outcome;
  return read(await seen.promise);
}

describe("keys of metadata", () => {
  it("carry text and bytes, one and many, over the wire", async () => {
    const metadata = new Metadata();
    tenant.set(metadata, "acme, inc.");
    trace.set(metadata, new Uint8Array([0, 255, 1]));
    roles.set(metadata, ["reader", "writer"]);
    roles.append(metadata, "admin");
    proofs.set(metadata, [Buffer.from([1]), Buffer.alloc(0)]);
    proofs.append(metadata, Buffer.from([2, 3]));
    const read = await receivedBy(metadata, (received) => [
      tenant.get(received),
      trace.get(received),
      roles.getAll(received),
      proofs.getAll(received),
    ]);
    expect(read).toEqual([
      "acme, inc.",
      Buffer.from([0, 255, 1]),
      ["reader", "writer", "admin"],
      [Buffer.from([1]), Buffer.alloc(0), Buffer.from([2, 3])],
    ]);
  });

  it("have no value where none, several or too much has come", () => {
    const metadata = new Metadata();
    expect([tenant.get(metadata), trace.get(metadata)]).toEqual([undefined, undefined]);
    expect([roles.getAll(metadata), proofs.getAll(metadata)]).toEqual([[], []]);
    metadata.add("x-tenant", "a");
    metadata.add("x-tenant", "b");
    metadata.add("x-trace-bin", Buffer.alloc(1025));
    metadata.add("x-roles", `a,, b ,${"c".repeat(1025)}`);
    expect([tenant.get(metadata), trace.get(metadata)]).toEqual([undefined, undefined]);
    expect(roles.getAll(metadata)).toEqual(["a", "b"]);
  });

  it("replace what is there, and keep it when the new value is none", () => {
    const metadata = new Metadata();
    tenant.set(metadata, "a");
    tenant.set(metadata, "b");
    expect(metadata.get("x-tenant")).toEqual(["b"]);
    roles.set(metadata, ["a"]);
    expect(() => roles.set(metadata, ["b", "c,d"])).toThrow(TypeError);
    expect(roles.getAll(metadata)).toEqual(["a"]);
    roles.set(metadata, []);
    expect(roles.getAll(metadata)).toEqual([]);
  });

  it("refuse values that do not arrive as they are, without telling them", () => {
    const metadata = new Metadata();
    for (const value of ["é-S3CR3T", " S3CR3T", "S3CR3T ", "S3CR3T\n", Buffer.from("S3CR3T")]) {
      const set = () => tenant.set(metadata, value as string);
      expect(set).toThrow(/^the value of x-tenant must be printable ASCII/);
      expect(set).not.toThrow(/S3CR3T/);
    }
    for (const value of ["", "a,b"]) {
      expect(() => roles.append(metadata, value)).toThrow(/must not be empty or have a comma/);
    }
    expect(() => trace.set(metadata, "text" as never)).toThrow("must be bytes, got a string");
    expect(() => textKey("x-a", { maxBytes: 2 }).set(metadata, "abc")).toThrow(
      "the value of x-a must be at most 2 bytes, got 3",
    );
    expect(metadata.getMap()).toEqual({});
  });

  it("have names that an application may use", () => {
    for (const name of [
      "X-Tenant",
      "",
      "a b",
      "grpc-x",
      "grpc-status-details-bin",
      ":path",
      "te",
    ]) {
      expect(() => textKey(name)).toThrow(/^name must be/);
      expect(() => binaryListKey(name)).toThrow(/^name must be/);
    }
    expect(() => textKey("x-bin")).toThrow(TypeError);
    expect(() => binaryKey("x-text")).toThrow(TypeError);
    expect(() => textKey("x-a", { maxBytes: 0 })).toThrow("maxBytes must be a positive integer");
  });

  it("know the types of their values", () => {
    expectTypeOf(tenant.get).returns.toEqualTypeOf<string | undefined>();
    expectTypeOf(proofs.getAll).returns.toEqualTypeOf<readonly Buffer[]>();
    expectTypeOf(trace.set).parameter(1).toEqualTypeOf<Uint8Array>();
  });
});
