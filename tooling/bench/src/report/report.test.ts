import { describe, expect, it } from "vitest";
import { exampleReport } from "./example-report.ts";
import { describeEnvironment, toJson } from "./report.ts";

describe("toJson", () => {
  it("keeps four digits", () => {
    const { scenarios, targets } = JSON.parse(toJson(exampleReport));
    expect(scenarios[0].figures[0]).toEqual({
      engine: "grpc-js",
      cpuMicroseconds: 50,
      wallMicroseconds: 61.23,
      ratio: 1,
    });
    expect(targets).toHaveLength(exampleReport.targets.length);
  });
});

describe("describeEnvironment", () => {
  it("knows the machine, and the versions of all that is compared", () => {
    const environment = describeEnvironment({ rounds: 9, unaryDriver: "h2load" });
    expect(environment).toMatchObject({ node: process.versions.node, rounds: 9 });
    expect(environment.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(environment.cores).toBeGreaterThan(0);
    for (const version of Object.values(environment.versions)) {
      expect(version).toMatch(/^\d+\.\d+\.\d+/);
    }
  });
});
