import { expect, it } from "vitest";

it("exports no more than this", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "authorize",
      "concurrencyLimit",
      "deadline",
      "errors",
      "fuse",
      "health",
      "isHealthOrReflection",
      "logHiddenFailure",
      "logging",
      "methods",
      "not",
      "rateLimit",
      "reflection",
      "requestContext",
      "select",
      "serverInterceptor",
      "standardServerInterceptors",
      "toLoggedError",
      "tokenBuckets",
      "validation",
    ]
  `);
});
