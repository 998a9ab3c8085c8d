import { type Point, trendOf } from "./trend.ts";

export interface Finding {
  readonly isGood: boolean;
  readonly text: string;
}

/** What one measure of a process has come to over time. */
export interface Series {
  /** "heap of 4711" */
  readonly name: string;
  readonly kind: Measure;
  readonly points: readonly Point[];
}

export type Measure = "heap" | "memory" | "files" | "resources";

interface Limit {
  /** What may come and go, however long it takes. */
  readonly growth: number;
  readonly growthPer10Min: number;
  show(value: number): string;
}

const mebibyte = 2 ** 20;
const bytes = (value: number) => `${(value / mebibyte).toFixed(1)} MiB`;
const count = (value: number) => value.toFixed(1);

// After a garbage collection the heap has what is still in use. The memory of the process has much
// besides, which V8 and the allocator give back as they like.
const limits: Readonly<Record<Measure, Limit>> = {
  heap: { growth: 2 * mebibyte, growthPer10Min: mebibyte, show: bytes },
  memory: { growth: 32 * mebibyte, growthPer10Min: 8 * mebibyte, show: bytes },
  files: { growth: 8, growthPer10Min: 0, show: count },
  resources: { growth: 16, growthPer10Min: 0, show: count },
};

const tenMinutesMs = 600_000;
// Until then code is compiled, caches fill, and the live page gathers its minutes of history.
const warmUpMs = 300_000;
const minSpanMs = 60_000;
const minPoints = 10;

// After five minutes, or half of a shorter time, or a third of a longer one.
function warmUpOf(endsAt: number): number {
  return Math.max(endsAt / 3, Math.min(warmUpMs, endsAt / 2));
}

/** Whether the later part of a series grows by more than it may. */
export function judgeSeries({ name, kind, points }: Series): Finding {
  const warmAt = warmUpOf(points.at(-1)?.at ?? 0);
  const later = points.filter(({ at }) => at >= warmAt);
  const [first, last] = [later[0], later.at(-1)];
  const { show, growth: atLeast, growthPer10Min } = limits[kind];
  if (first === undefined || last === undefined) {
    return { isGood: false, text: `${name}: was not measured` };
  }
  const course = `${name}: ${show(first.value)} to ${show(last.value)}`;
  if (later.length < minPoints || last.at - first.at < minSpanMs) {
    return { isGood: true, text: `${course}; too short to tell whether it leaks` };
  }
  const { growth, sureGrowth, spanMs } = trendOf(later);
  const allowed = Math.max(atLeast, (growthPer10Min * spanMs) / tenMinutesMs);
  const isGood = sureGrowth <= allowed;
  const minutes = (spanMs / 60_000).toFixed(1);
  const trend = `grows by ${show(growth)} in ${minutes} min`;
  return {
    isGood,
    text: `${course}; ${trend}, may by ${show(allowed)}${isGood ? "" : ": it leaks"}`,
  };
}

export interface CallTotals {
  readonly calls: number;
  /** What was not expected, such as "GetItem UNAVAILABLE", and how often. */
  readonly unexpected: ReadonlyMap<string, number>;
  /** Calls that had not ended long after their deadline. */
  readonly hung: number;
}

/** Whether all calls have ended as they were to. */
export function judgeCalls({ calls, unexpected, hung }: CallTotals): readonly Finding[] {
  const wrong = [...unexpected].map(([what, times]) => ({
    isGood: false,
    text: `unexpected: ${what}, ${times} times`,
  }));
  return [
    { isGood: calls > 0, text: `calls made: ${calls}` },
    { isGood: hung === 0, text: `calls that hung: ${hung}` },
    ...(wrong.length > 0 ? wrong : [{ isGood: true, text: "unexpected outcomes: none" }]),
  ];
}
