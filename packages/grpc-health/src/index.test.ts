import { expect, it } from "vitest";
import { healthMethods } from "./index.ts";

it("exports no more than this", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "createHealthService",
      "healthMethods",
    ]
  `);
  expect(Object.keys(await import("./run-probe.ts"))).toEqual(["runProbe"]);
});

it("names the methods of probes, and not the one that names every service", () => {
  expect(healthMethods).toEqual(["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"]);
});
