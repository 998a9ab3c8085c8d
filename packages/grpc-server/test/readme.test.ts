import { fileURLToPath } from "node:url";
import { quickstart, readmeExample, runQuickstart } from "@grpc-kit/testing/readme";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));

it("shows its quick start in the README", () => {
  expect(readmeExample(folder)).toBe(quickstart(folder));
});

it("prints what the README says", async () => {
  expect(await runQuickstart(folder)).toBe(`{ status: 1 }
5 NOT_FOUND: there is no service shop
`);
});
