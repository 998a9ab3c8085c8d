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
