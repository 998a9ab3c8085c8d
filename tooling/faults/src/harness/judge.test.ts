import { describe, expect, it } from "vitest";
import { judgeVictim } from "./judge.ts";
import { percentile } from "./percentile.ts";
import type { VictimFigures } from "./victim.ts";

const well: VictimFigures = {
  calls: 50,
  failures: 0,
  statuses: { OK: 50 },
  baselineP50Ms: 2,
  baselineP99Ms: 30,
  p50Ms: 3,
  p99Ms: 149,
};
const whole = { isQuick: false, countsTime: true, processors: 4 };

describe("judgeVictim", () => {
  it("lets the 99th percentile be five times what it is in peace, and 100 ms at least", () => {
    expect(judgeVictim(well, whole).misses).toEqual([]);
    expect(judgeVictim({ ...well, p99Ms: 151 }, whole).misses).toEqual([
      { late: "the victim's p99 was 151 ms, more than 150 ms" },
    ]);
    expect(judgeVictim({ ...well, baselineP99Ms: 1, p99Ms: 99 }, whole).misses).toEqual([]);
    expect(judgeVictim({ ...well, baselineP99Ms: 1, p99Ms: 101 }, whole).misses).toHaveLength(1);
  });

  it("lets it be 200 ms where all share fewer than four processors", () => {
    const crowded = { ...whole, processors: 3 };
    expect(judgeVictim({ ...well, baselineP99Ms: 1, p99Ms: 199 }, crowded).misses).toEqual([]);
    expect(judgeVictim({ ...well, baselineP99Ms: 1, p99Ms: 201 }, crowded).misses).toHaveLength(1);
  });

  it("does not count what others have slowed the service down by", () => {
    expect(judgeVictim({ ...well, p99Ms: 449 }, { ...whole, stretch: 3 }).misses).toEqual([]);
    expect(judgeVictim({ ...well, p99Ms: 451 }, { ...whole, stretch: 3 }).misses).toHaveLength(1);
  });

  it("looks at failures alone if time does not count", () => {
    const slow = { ...well, p99Ms: 9_000 };
    expect(judgeVictim(slow, { isQuick: false, countsTime: false }).misses).toEqual([]);
  });

  it("names each way in which calls have failed", () => {
    const hurt = { ...well, failures: 3, statuses: { OK: 47, UNAVAILABLE: 1, INTERNAL: 2 } };
    expect(judgeVictim(hurt, whole).misses).toEqual([
      "1 of the victim's calls ended with UNAVAILABLE",
      "2 of the victim's calls ended with INTERNAL",
    ]);
  });

  it("does not take a victim that has made no call for one that is well", () => {
    expect(judgeVictim({ ...well, calls: 0, statuses: {} }, whole).misses).toHaveLength(1);
  });
});

describe("percentile", () => {
  it("is a value that so many percent are not above", () => {
    const values = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect([50, 99, 100].map((percent) => percentile(values, percent))).toEqual([50, 99, 100]);
    expect(percentile([], 99)).toBe(0);
    expect(percentile([7], 1)).toBe(7);
  });
});
