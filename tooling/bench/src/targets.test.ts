import { describe, expect, it } from "vitest";
import type { Scenario, Target } from "./result.ts";
import { judge } from "./targets.ts";

const scenario: Scenario = {
  group: "servers",
  title: "a stream",
  per: "message",
  unit: "µs",
  baseline: "first",
  figures: [
    { engine: "first", cpuMicroseconds: 10, wallMicroseconds: 10, ratio: 1 },
    { engine: "second", cpuMicroseconds: 20, wallMicroseconds: 20, ratio: 2 },
    { engine: "third", cpuMicroseconds: 15, wallMicroseconds: 15, ratio: 1.5 },
  ],
};
const third = { group: "servers", scenario: "a stream", engine: "third" } as const;

describe("judge", () => {
  it.each<[Partial<Target>, number, boolean]>([
    [{ atMost: 1.5 }, 1.5, true],
    [{ atMost: 1.49 }, 1.5, false],
    [{ atLeast: 1.5 }, 1.5, true],
    [{ atLeast: 1.51 }, 1.5, false],
    [{ against: "second", atMost: 0.75 }, 0.75, true],
    [{ against: "second", atMost: 0.7 }, 0.75, false],
  ])("compares with %o", (limits, measured, isReached) => {
    const target = { ...third, ...limits };
    expect(judge([scenario], [target])).toEqual([{ ...target, measured, isReached }]);
  });

  it("is not satisfied by an engine that was not measured", () => {
    const [result] = judge([scenario], [{ ...third, engine: "fourth", atMost: 100 }]);
    expect(result).toMatchObject({ measured: Number.NaN, isReached: false });
  });

  it("says nothing of scenarios that were not measured", () => {
    expect(judge([scenario], [{ ...third, group: "clients", atMost: 2 }])).toEqual([]);
  });
});
