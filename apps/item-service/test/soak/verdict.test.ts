import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trendOf } from "../../soak/trend.ts";
import { judgeCalls, judgeSeries, type Measure } from "../../soak/verdict.ts";

const mebibyte = 2 ** 20;
const minute = 60_000;

/** Thirty samples of five minutes, as a soak takes them. */
function fiveMinutesOf(kind: Measure, valueAt: (minutes: number, index: number) => number) {
  const points = Array.from({ length: 30 }, (_, index) => {
    const at = ((index + 1) / 30) * 5 * minute;
    return { at, value: valueAt(at / minute, index) };
  });
  return judgeSeries({ name: `${kind} of service 7`, kind, points });
}

/** From -1 to 1, and the same each time. */
function noise(index: number): number {
  return Math.sin(index * 12.9898) * Math.cos(index * 78.233);
}

describe("judgeSeries", () => {
  it("bears what is flat, also with noise", () => {
    expect(fiveMinutesOf("heap", () => 30 * mebibyte)).toEqual({
      isGood: true,
      text: "heap of service 7: 30.0 MiB to 30.0 MiB; grows by 0.0 MiB in 2.5 min, may by 2.0 MiB",
    });
    const noisy = (_: number, index: number) => (30 + 3 * noise(index)) * mebibyte;
    expect(fiveMinutesOf("heap", noisy).isGood).toBe(true);
  });

  it("bears what grows in the first half only, or shrinks", () => {
    const warm = (minutes: number) => (20 + 10 * Math.min(minutes, 2.5)) * mebibyte;
    expect(fiveMinutesOf("heap", warm).isGood).toBe(true);
    expect(fiveMinutesOf("heap", (minutes) => (50 - 5 * minutes) * mebibyte).isGood).toBe(true);
  });

  it("bears a peak", () => {
    const peak = (_: number, index: number) => (index === 25 ? 60 : 30) * mebibyte;
    expect(fiveMinutesOf("heap", peak).isGood).toBe(true);
  });

  it("finds a heap that grows by two mebibytes a minute, also in noise", () => {
    const leaking = (minutes: number, index: number) =>
      (30 + 2 * minutes + 0.5 * noise(index)) * mebibyte;
    const { isGood, text } = fiveMinutesOf("heap", leaking);
    expect(isGood).toBe(false);
    expect(text).toMatch(/^heap of service 7: .* it leaks$/);
  });

  it("finds four files that stay open every minute", () => {
    expect(fiveMinutesOf("files", (minutes) => 50 + Math.floor(minutes * 4)).isGood).toBe(false);
    expect(fiveMinutesOf("files", (_, index) => 50 + (index % 4)).isGood).toBe(true);
  });

  it("allows more to the memory that the system sees, and not without end", () => {
    expect(fiveMinutesOf("memory", (minutes) => (120 + 5 * minutes) * mebibyte).isGood).toBe(true);
    expect(fiveMinutesOf("memory", (minutes) => (120 + 15 * minutes) * mebibyte).isGood).toBe(
      false,
    );
  });

  it("allows a mebibyte of heap in ten minutes, of a long time", () => {
    const hours = (perTenMinutes: number) => {
      const points = Array.from({ length: 30 }, (_, index) => ({
        at: index * 4 * minute,
        value: (30 + perTenMinutes * 0.4 * index) * mebibyte,
      }));
      return judgeSeries({ name: "heap", kind: "heap", points }).isGood;
    };
    expect([hours(0.9), hours(1.1)]).toEqual([true, false]);
  });

  it("judges nothing that is too short, and finds what was not measured", () => {
    const points = Array.from({ length: 30 }, (_, at) => ({
      at: at * 1_000,
      value: at * mebibyte,
    }));
    const short = judgeSeries({ name: "heap", kind: "heap", points });
    expect(short).toMatchObject({
      isGood: true,
      text: expect.stringContaining("too short to tell"),
    });
    expect(judgeSeries({ name: "heap", kind: "heap", points: [] }).isGood).toBe(false);
  });
});

describe("judgeCalls", () => {
  it("bears calls that ended as they were to, and nothing else", () => {
    const good = { calls: 10, unexpected: new Map<string, number>(), hung: 0 };
    const isWell = (totals: typeof good) => judgeCalls(totals).every(({ isGood }) => isGood);
    expect(isWell(good)).toBe(true);
    expect(isWell({ ...good, calls: 0 })).toBe(false);
    expect(isWell({ ...good, hung: 1 })).toBe(false);
    const failing = { ...good, unexpected: new Map([["GetItem UNAVAILABLE", 3]]) };
    expect(isWell(failing)).toBe(false);
    expect(judgeCalls(failing).at(-1)?.text).toBe("unexpected: GetItem UNAVAILABLE, 3 times");
  });
});

describe("trendOf", () => {
  it("finds the line that points are on, and is sure of it", () => {
    const anySlope = fc.double({ min: -1_000, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(anySlope, anySlope, (slope, offset) => {
        const points = [0, 1, 4, 9, 16].map((at) => ({ at, value: offset + slope * at }));
        const { growth, sureGrowth, spanMs } = trendOf(points);
        expect(spanMs).toBe(16);
        expect(growth).toBeCloseTo(slope * 16, 4);
        expect(sureGrowth).toBeCloseTo(growth, 4);
      }),
    );
  });

  it("is less sure the more noise there is", () => {
    const withNoise = (much: number) =>
      trendOf(Array.from({ length: 30 }, (_, at) => ({ at, value: at + much * noise(at) })));
    const [quiet, loud] = [withNoise(1), withNoise(20)];
    expect(quiet.growth - quiet.sureGrowth).toBeLessThan(loud.growth - loud.sureGrowth);
    expect(quiet.sureGrowth).toBeLessThan(quiet.growth);
  });
});
