import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { redactMetadata } from "./redact-metadata.ts";

function metadataOf(entries: Readonly<Record<string, string | Buffer>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) {
    metadata.set(key, value);
  }
  return metadata;
}

describe("redactMetadata", () => {
  it("hides credentials, and shows of bytes their number", () => {
    const metadata = metadataOf({
      authorization: "Bearer S3CR3T",
      "proxy-authorization": "S3CR3T",
      cookie: "S3CR3T",
      "x-csrf-token": "S3CR3T",
      "x-client-secret": "S3CR3T",
      "x-api-key": "S3CR3T",
      apikey: "S3CR3T",
      "x-proof-bin": Buffer.from("S3CR3T"),
      "x-note": "was Bearer S3CR3T",
      "x-long": "x".repeat(1000),
    });
    metadata.add("x-roles", "a");
    metadata.add("x-roles", "b");
    const safe = redactMetadata(metadata);
    expect(JSON.stringify(safe)).not.toContain("S3CR3T");
    expect(safe).toMatchObject({
      authorization: "[redacted]",
      "x-proof-bin": "[6 bytes]",
      "x-note": "was Bearer [redacted]",
      "x-roles": "a, b",
    });
    expect(safe["x-long"]?.length).toBeLessThanOrEqual(256);
  });

  it("shows what it is told to show, but never credentials", () => {
    const metadata = metadataOf({ authorization: "S3CR3T", "x-tenant": "acme", "x-other": "1" });
    expect({ ...redactMetadata(metadata, { allow: ["x-tenant", "authorization"] }) }).toEqual({
      authorization: "[redacted]",
      "x-tenant": "acme",
      "x-other": "[redacted]",
    });
  });

  it("takes whatever names a peer sends", () => {
    const metadata = Metadata.fromHttp2Headers({ __proto__x: "1", constructor: "2" });
    expect({ ...redactMetadata(metadata) }).toEqual({ __proto__x: "1", constructor: "2" });
    expect(redactMetadata(metadataOf({ ["a".repeat(1000)]: "1" }))).toEqual(
      expect.objectContaining({}),
    );
  });
});
