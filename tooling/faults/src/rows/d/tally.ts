/** How many there are of each. */
export type Tally = ReadonlyMap<string, number>;

export function tallyOf(names: Iterable<string>): Tally {
  const tally = new Map<string, number>();
  for (const name of names) {
    tally.set(name, (tally.get(name) ?? 0) + 1);
  }
  return tally;
}

/** As in "998 OK, 2 UNAVAILABLE". */
export function told(tally: Tally): string {
  return [...tally].map(([name, count]) => `${count} ${name}`).join(", ") || "nothing";
}

/** A sentence for each that was not to be: "2 calls ended with OK". */
export function unexpected(tally: Tally, expected: readonly string[]): readonly string[] {
  return [...tally]
    .filter(([name]) => !expected.includes(name))
    .map(
      ([name, count]) => `${count} calls ended with ${name}, and not with ${expected.join(" or ")}`,
    );
}

/** Does something for each, some at a time, and gives the results as they come. */
export async function inLanes<Value, Result>(
  values: Iterable<Value>,
  lanes: number,
  work: (value: Value) => Promise<Result>,
): Promise<readonly Result[]> {
  const rest = values[Symbol.iterator]();
  const results: Result[] = [];
  const lane = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) {
      results.push(await work(next.value));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
