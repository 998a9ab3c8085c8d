export interface Point {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly value: number;
}

export interface Trend {
  /** By how much the line through the points rises from the first point to the last. */
  readonly growth: number;
  /** What of it is no chance, with 97 % certainty: twice the standard error less. */
  readonly sureGrowth: number;
  /** From the first point to the last. */
  readonly spanMs: number;
}

/** The line through points, by least squares. There must be three of them at least. */
export function trendOf(points: readonly Point[]): Trend {
  const times = points.map(({ at }) => at);
  const [meanTime, meanValue] = [mean(times), mean(points.map(({ value }) => value))];
  const spread = sum(times.map((at) => (at - meanTime) ** 2));
  const slope = sum(points.map(({ at, value }) => (at - meanTime) * (value - meanValue))) / spread;
  const errors = points.map(({ at, value }) => value - meanValue - slope * (at - meanTime));
  const variance = sum(errors.map((error) => error ** 2)) / (points.length - 2);
  const standardError = Math.sqrt(variance / spread);
  const spanMs = Math.max(...times) - Math.min(...times);
  return { growth: slope * spanMs, sureGrowth: (slope - 2 * standardError) * spanMs, spanMs };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
