import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MethodCounts, TrafficCounts } from "./traffic-counts.ts";
import { createTrafficHistory } from "./traffic-history.ts";

const key = "shop.Shop/Buy";

/** What has been counted after so many calls, all of which took 5 ms and ended OK. */
function counted(started: number, more: Partial<MethodCounts> = {}): TrafficCounts {
  const counts = {
    ...{ service: "shop.Shop", method: "Buy", type: "unary", started, inFlight: undefined },
    codes: new Map([["OK", started]]),
    buckets: new Map([
      [0.01, started],
      [1, started],
      [Infinity, started],
    ]),
  };
  return new Map([[key, { ...counts, ...more }]]);
}

function record(...samples: readonly [atMs: number, counts: TrafficCounts][]) {
  const history = createTrafficHistory({ maxStepMs: 10_000 });
  for (const [atMs, counts] of samples) {
    history.record(counts, atMs);
  }
  const snapshot = history.snapshot();
  return { total: snapshot.total, method: snapshot.methods[0] };
}

describe("createTrafficHistory", () => {
  it("knows no rate before it has two samples", () => {
    const { total, method } = record([0, counted(1_000)]);
    expect(method).toMatchObject({ callsPerSecond: null, history: [], started: 1_000 });
    expect(method?.latency).toEqual({ p50: null, p95: null, p99: null, bound: 1 });
    expect(total.callsPerSecond).toBeNull();
  });

  it("tells the rate of the last 10 seconds, and of each step", () => {
    const { method } = record(
      [0, counted(0)],
      [2_000, counted(2_000)],
      [6_000, counted(2_040)],
      [12_000, counted(2_100)],
    );
    expect(method).toMatchObject({ callsPerSecond: 10, history: [1_000, 10, 10] });
  });

  it("tells codes of the last minute beside those of all time", () => {
    const sample = (ok: number, failed: number) =>
      counted(ok, {
        codes: new Map([
          ["OK", ok],
          ["Internal", failed],
          ["NotFound", 0],
        ]),
      });
    const steps = Array.from({ length: 8 }, (_, index): [number, TrafficCounts] => [
      10_000 * (index + 1),
      sample(10 + index, 5),
    ]);
    const { method, total } = record([0, sample(3, 1)], ...steps);
    const codes = [
      { code: "Internal", isServerFault: true, total: 5, recent: 0 },
      { code: "OK", isServerFault: false, total: 17, recent: 6 },
    ];
    expect(method?.codes).toEqual(codes);
    expect(total.codes).toEqual(codes);
  });

  it("tells latencies of the last minute only", () => {
    const slow = new Map([
      [0.01, 0],
      [1, 100],
      [Infinity, 100],
    ]);
    const fast = new Map([
      [0.01, 100],
      [1, 200],
      [Infinity, 200],
    ]);
    const { method } = record(
      [0, counted(0)],
      [1_000, counted(100, { buckets: slow })],
      ...[2, 3, 4, 5, 6, 7].map((n): [number, TrafficCounts] => [
        n * 10_000 - 9_000,
        counted(100, { buckets: slow }),
      ]),
      [61_001, counted(200, { buckets: fast })],
    );
    expect(method?.latency.p99).toBeLessThanOrEqual(0.01);
  });

  it("counts a method from 0 when it first appears between two samples", () => {
    const { method } = record([0, new Map()], [1_000, counted(7)]);
    expect(method).toMatchObject({ callsPerSecond: 7, codes: [{ code: "OK", recent: 7 }] });
  });

  it("adds up what runs, and knows nothing where nothing tells", () => {
    expect(record([0, counted(1)]).total.inFlight).toBeNull();
    expect(record([0, counted(1, { inFlight: 2 })]).total.inFlight).toBe(2);
  });

  it("begins anew after a long time without a look", () => {
    const { method } = record([0, counted(0)], [1_000, counted(9)], [60_000, counted(99)]);
    expect(method).toMatchObject({ callsPerSecond: null, history: [] });
  });

  it("keeps a bounded number of steps", () => {
    const samples = Array.from({ length: 1_000 }, (_, index): [number, TrafficCounts] => [
      index * 100,
      counted(index),
    ]);
    expect(record(...samples).method?.history).toHaveLength(120);
  });

  it("never tells a negative number, whatever counters do", () => {
    const count = fc.nat(1_000);
    const isThere = fc.boolean();
    const sample = fc.record({ started: count, ok: count, fast: count, all: count, isThere });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 20 }), (samples) => {
        const { total, method } = record(
          ...samples.map(({ started, ok, fast, all, isThere }, index): [number, TrafficCounts] => {
            const buckets = new Map([
              [1, fast],
              [Infinity, all],
            ]);
            const counts = counted(started, { codes: new Map([["OK", ok]]), buckets });
            return [index * 1_000, isThere ? counts : new Map()];
          }),
        );
        const numbers = [
          total.callsPerSecond ?? 0,
          ...total.history,
          ...(method?.history ?? []),
          ...total.codes.map(({ recent }) => recent),
          total.latency.p50 ?? 0,
        ];
        expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("takes a counter that went down for one that began at 0 again", () => {
    const { method } = record([0, counted(1_000)], [1_000, counted(1_010)], [2_000, counted(30)]);
    expect(method).toMatchObject({ callsPerSecond: 20, history: [10, 30] });
  });
});
