/** How many calls took at most so many seconds, by that bound. The last bound may be Infinity. */
export type Buckets = ReadonlyMap<number, number>;

/**
 * The seconds that the part `q` of all calls took at most, taken to be spread evenly within a bucket,
 * as PromQL's `histogram_quantile` does. Above the last finite bound it is that bound: a histogram
 * does not know more. Null if there are no calls.
 */
export function quantile(q: number, buckets: Buckets): number | null {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const rank = q * (sorted.at(-1)?.[1] ?? 0);
  if (!(rank > 0)) {
    return null;
  }
  let [from, below] = [0, 0];
  for (const [bound, count] of sorted) {
    if (bound === Infinity) {
      break;
    }
    if (count >= rank) {
      return from + ((bound - from) * (rank - below)) / (count - below);
    }
    [from, below] = [bound, count];
  }
  return from;
}
