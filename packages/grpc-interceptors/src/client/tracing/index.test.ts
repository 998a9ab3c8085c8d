import { expect, it } from "vitest";

it("exports what it says, and no more", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "tracing",
    ]
  `);
});
