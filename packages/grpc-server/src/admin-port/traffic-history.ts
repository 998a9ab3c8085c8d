import { statusCodes } from "@grpc-kit/grpc-status";
import { quantile } from "./quantile.ts";
import { addTo, type MethodCounts, type TrafficCounts } from "./traffic-counts.ts";

export interface LatencySnapshot {
  /** Seconds that half of the calls of the last minute took at most; null if there were none. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** The largest bound of the histogram: a latency that is no less may be any above it. */
  readonly bound: number | null;
}

export interface CodeSnapshot {
  /** As in "NotFound". */
  readonly code: string;
  /** Whether it says that the server has failed, and not that the caller asked for something wrong. */
  readonly isServerFault: boolean;
  /** Calls that ended so since the program began. */
  readonly total: number;
  /** Those of the last minute. */
  readonly recent: number;
}

export interface MethodSnapshot {
  readonly service: string;
  readonly method: string;
  /** "unary", "server_stream" … */
  readonly type: string;
  /** Of the last 10 seconds; null until there is something to compare with. */
  readonly callsPerSecond: number | null;
  /** Calls per second of the last minutes, the latest last. */
  readonly history: readonly number[];
  readonly started: number;
  readonly inFlight: number | null;
  readonly latency: LatencySnapshot;
  readonly codes: readonly CodeSnapshot[];
}

export interface TrafficSnapshot {
  /** All methods together. */
  readonly total: Pick<
    MethodSnapshot,
    "callsPerSecond" | "history" | "inFlight" | "latency" | "codes"
  >;
  readonly methods: readonly MethodSnapshot[];
}

export interface TrafficHistory {
  /** Takes what has been counted by now, `nowMs` by any clock that never goes back. */
  record(counts: TrafficCounts, nowMs: number): void;
  snapshot(): TrafficSnapshot;
}

/** What has been counted since the first look; unlike a counter it never goes down. */
interface Growth {
  started: number;
  readonly codes: Map<string, number>;
  readonly buckets: Map<number, number>;
}

/** How far everything had grown at a time. */
interface Mark {
  readonly atMs: number;
  readonly methods: ReadonlyMap<string, Growth>;
  readonly total: Growth;
}

const serverFaults = new Set(
  statusCodes.flatMap(({ goName, isServerFault }) => (isServerFault ? goName : [])),
);
const rateMs = 10_000;
const recentMs = 60_000;
const maxSteps = 120;

/**
 * Keeps what has been counted lately, as counters tell only what was counted at all. After more than
 * `maxStepMs` without a look it begins anew: an average of hours says nothing of now.
 */
export function createTrafficHistory({
  maxStepMs,
}: {
  readonly maxStepMs: number;
}): TrafficHistory {
  let latest: TrafficCounts = new Map();
  let marks: readonly Mark[] = [];

  /** The mark that the last `ms` milliseconds began with, or the first one. */
  function beginningOf(ms: number): Mark | undefined {
    const beganMs = (marks.at(-1)?.atMs ?? 0) - ms;
    return marks.findLast(({ atMs }) => atMs <= beganMs) ?? marks[0];
  }

  /** Of a method; of all of them without a key. */
  function describe(key: string | undefined, counts: readonly MethodCounts[]) {
    const growthAt = (mark: Mark | undefined): Growth =>
      (key === undefined ? mark?.total : mark?.methods.get(key)) ?? emptyGrowth();
    const startedIn = (from: Mark, to: Mark): number =>
      growthAt(to).started - growthAt(from).started;
    const rate = (from: Mark, to: Mark): number =>
      rounded((startedIn(from, to) * 1_000) / (to.atMs - from.atMs));
    const now = marks.at(-1);
    const rateBegan = beginningOf(rateMs);
    const [growth, before] = [growthAt(now), growthAt(beginningOf(recentMs))];
    const recentBuckets = grownEach(before.buckets, growth.buckets);
    const totals = new Map<string, number>();
    for (const { codes } of counts) {
      addEach(totals, codes);
    }
    const known = counts.flatMap(({ inFlight }) => inFlight ?? []);
    const bounds = [...growth.buckets.keys()].filter(Number.isFinite);
    return {
      callsPerSecond: now && rateBegan && now !== rateBegan ? rate(rateBegan, now) : null,
      history: marks.slice(1).map((mark, index) => rate(marks[index] as Mark, mark)),
      inFlight: known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0),
      latency: {
        p50: quantile(0.5, recentBuckets),
        p95: quantile(0.95, recentBuckets),
        p99: quantile(0.99, recentBuckets),
        bound: bounds.length === 0 ? null : Math.max(...bounds),
      },
      codes: [...totals]
        .filter(([, total]) => total > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([code, total]) => ({
          code,
          isServerFault: serverFaults.has(code),
          total,
          recent: (growth.codes.get(code) ?? 0) - (before.codes.get(code) ?? 0),
        })),
    };
  }

  return {
    record(counts, nowMs) {
      const last = marks.at(-1);
      if (last === undefined || nowMs - last.atMs > maxStepMs) {
        marks = [markOf(nowMs, counts, counts, undefined)];
      } else if (nowMs > last.atMs) {
        marks = [...marks, markOf(nowMs, latest, counts, last)].slice(-maxSteps - 1);
      }
      latest = counts;
    },
    snapshot() {
      const entries = [...latest].sort(([a], [b]) => (a < b ? -1 : 1));
      return {
        total: describe(undefined, [...latest.values()]),
        methods: entries.map(([key, counts]) => {
          const { service, method, type, started } = counts;
          return { service, method, type, started, ...describe(key, [counts]) };
        }),
      };
    },
  };
}

/** Adds to the growth until `last` what has been counted since then. */
function markOf(
  atMs: number,
  before: TrafficCounts,
  after: TrafficCounts,
  last: Mark | undefined,
): Mark {
  const methods = new Map(last?.methods);
  const total = sumOf(last?.total);
  for (const [key, counts] of after) {
    const earlier = before.get(key);
    const step = {
      started: grown(earlier?.started, counts.started),
      codes: grownEach(earlier?.codes, counts.codes),
      buckets: grownEach(earlier?.buckets, counts.buckets),
    };
    methods.set(key, sumOf(methods.get(key), step));
    add(total, step);
  }
  return { atMs, methods, total };
}

/** As in PromQL, a counter that is less than before has begun at 0 again. */
function grown(before = 0, after: number): number {
  return after < before ? after : after - before;
}

function grownEach<Key>(
  before: ReadonlyMap<Key, number> | undefined,
  after: ReadonlyMap<Key, number>,
): Map<Key, number> {
  return new Map([...after].map(([key, value]) => [key, grown(before?.get(key), value)]));
}

function emptyGrowth(): Growth {
  return { started: 0, codes: new Map(), buckets: new Map() };
}

function sumOf(...growths: readonly (Growth | undefined)[]): Growth {
  const sum = emptyGrowth();
  for (const growth of growths) {
    if (growth !== undefined) {
      add(sum, growth);
    }
  }
  return sum;
}

function add(sum: Growth, growth: Growth): void {
  sum.started += growth.started;
  addEach(sum.codes, growth.codes);
  addEach(sum.buckets, growth.buckets);
}

function addEach<Key>(sums: Map<Key, number>, values: ReadonlyMap<Key, number>): void {
  for (const [key, value] of values) {
    addTo(sums, key, value);
  }
}

// As many digits as anybody reads.
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
