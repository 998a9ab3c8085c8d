import { fileURLToPath } from "node:url";
import { quickstart, readmeExample, runQuickstart } from "@grpc-kit/testing/readme";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));

it("shows its quick start in the README", () => {
  expect(readmeExample(folder)).toBe(quickstart(folder));
});

it("prints what the README says", async () => {
  const output = await runQuickstart(folder);
  expect(output).toMatch(/^2026-02-03T04:05:06\.789Z\n/);
  expect(output).toMatch(/\n\{ afterId: 'a1' \}\n$/);
  expect([...output.matchAll(/field: '(\w+)'/g)].map(([, field]) => field)).toEqual([
    "created_at",
    "updated_at",
    "name",
    "sku",
    "quantity",
  ]);
});
