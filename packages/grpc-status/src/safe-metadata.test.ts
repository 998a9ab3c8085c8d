import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { isReserved, toSafeMetadata } from "./safe-metadata.ts";

function metadataOf(entries: readonly (readonly [string, string | Buffer])[]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of entries) {
    metadata.add(key, value);
  }
  return metadata;
}

describe("toSafeMetadata", () => {
  it("keeps what can be sent, text and bytes", () => {
    const sent = metadataOf([
      ["next-page-token", "abc"],
      ["error-detail-bin", Buffer.from([0, 255])],
      ["grpc-status-details-bin", Buffer.from([1])],
      ["grpc-retry-pushback-ms", "100"],
    ]);
    const { metadata, dropped } = toSafeMetadata(sent);
    expect(metadata.toJSON()).toEqual(sent.toJSON());
    expect(dropped).toEqual([]);
  });

  it("drops the keys of the protocol and of the connection", () => {
    const keys = [
      "grpc-status",
      "grpc-message",
      "grpc-encoding",
      ":status",
      "te",
      "connection",
      "a:b",
    ];
    const sent = metadataOf([...keys.map((key) => [key, "1"] as const), ["x-kept", "1"]]);
    const { metadata, dropped } = toSafeMetadata(sent);
    expect(metadata.toJSON()).toEqual({ "x-kept": ["1"] });
    expect(dropped).toEqual(keys);
  });

  it("C9: drops a value that HTTP/2 cannot carry", () => {
    const sent = metadataOf([["x-kept", "1"]]);
    const foreign = { toJSON: () => ({ ...sent.toJSON(), "x-bad": ["a\nb"], "y-bin": ["text"] }) };
    const { metadata, dropped } = toSafeMetadata(foreign as unknown as Metadata);
    expect(metadata.toJSON()).toEqual({ "x-kept": ["1"] });
    expect(dropped).toEqual(["x-bad", "y-bin"]);
  });

  it("joins the values of a repeated text key, and keeps those of a binary key apart", () => {
    const sent = metadataOf([
      ["etag", "a"],
      ["etag", "b"],
      ["x-bin", Buffer.from("a")],
      ["x-bin", Buffer.from("b")],
    ]);
    expect(toSafeMetadata(sent).metadata.toJSON()).toEqual({
      etag: ["a, b"],
      "x-bin": [Buffer.from("a"), Buffer.from("b")],
    });
  });

  it("trims a value, which would vanish otherwise", () => {
    const sent = metadataOf([["x-name", "  Desk lamp "]]);
    expect(toSafeMetadata(sent).metadata.toJSON()).toEqual({ "x-name": ["Desk lamp"] });
  });

  it("drops what does not fit, and keeps what comes after and does", () => {
    const sent = metadataOf([
      ["a", "x".repeat(4000)],
      ["b", "x".repeat(4200)],
      ["c", "x".repeat(4000)],
    ]);
    const { metadata, dropped } = toSafeMetadata(sent);
    expect(Object.keys(metadata.toJSON())).toEqual(["a", "c"]);
    expect(dropped).toEqual(["b"]);
  });
});

describe("isReserved", () => {
  it.each([
    ["grpc-status", true],
    ["GRPC-Status", true],
    ["TE", true],
    ["urn:x", true],
    ["__proto__", true],
    ["grpc-status-details-bin", false],
    ["grpc-retry-pushback-ms", false],
    ["next-page-token", false],
  ])("%s -> %s", (key, expected) => {
    expect(isReserved(key)).toBe(expected);
  });
});
