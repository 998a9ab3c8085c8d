import { expect, it } from "vitest";

it("exports no more than this", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "addServerMetrics",
      "startAdminPort",
    ]
  `);
});
