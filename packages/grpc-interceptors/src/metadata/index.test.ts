import { expect, it } from "vitest";

it("exports no more than this", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "binaryKey",
      "binaryListKey",
      "createMetadataForwarder",
      "createRedactingLogger",
      "maxMetadataBytes",
      "metadataBytes",
      "redactGrpcJsLogs",
      "redactMetadata",
      "textKey",
      "textListKey",
    ]
  `);
});
