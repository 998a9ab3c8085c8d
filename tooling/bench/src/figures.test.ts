import { type Costs, figuresOf } from "@grpc-kit/testing/bench";
import { describe, expect, it } from "vitest";

function costs(...cpu: readonly number[]): { cpuMicroseconds: number; wallMicroseconds: number }[] {
  return cpu.map((cpuMicroseconds) => ({ cpuMicroseconds, wallMicroseconds: 2 * cpuMicroseconds }));
}

describe("figuresOf", () => {
  it("takes the median of the rounds, and of the ratios of each round", () => {
    // The machine was slow in the last round, for both of them.
    const all: Costs = new Map([
      ["base", costs(10, 12, 90)],
      ["other", costs(20, 18, 180)],
    ]);
    expect(figuresOf(all, "base")).toEqual([
      { engine: "base", cpuMicroseconds: 12, wallMicroseconds: 24, ratio: 1 },
      { engine: "other", cpuMicroseconds: 20, wallMicroseconds: 40, ratio: 2 },
    ]);
  });

  it("has no figure for what was not measured", () => {
    expect(figuresOf(new Map([["other", costs(1)]]), "base")[0]?.ratio).toBeNaN();
  });
});
