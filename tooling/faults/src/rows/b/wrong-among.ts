/** One sentence for each name that is not the one that was promised, and how often it came. */
export function wrongAmong(
  what: string,
  names: readonly string[],
  promised: string | readonly string[],
): readonly string[] {
  const allowed = [promised].flat();
  const counts = countNames(names.filter((name) => !allowed.includes(name)));
  return Object.entries(counts).map(
    ([name, count]) =>
      `${what}: ${count} of ${names.length} ended ${name}, and not ${allowed.join(" or ")}`,
  );
}

/** How often each name is there. */
export function countNames(names: readonly string[]): Readonly<Record<string, number>> {
  const groups = Object.entries(Object.groupBy(names, (name) => name));
  return Object.fromEntries(groups.map(([name, all = []]) => [name, all.length]));
}

/** As in "OK 12, INTERNAL 3". */
export function showNames(names: readonly string[]): string {
  return Object.entries(countNames(names))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
