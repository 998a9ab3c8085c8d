/** How many there are of each: "OK 3, UNAVAILABLE 1". */
export function tally(names: Iterable<string>): string {
  const groups = Object.entries(Object.groupBy(names, (name) => name));
  return groups.map(([name, all = []]) => `${name} ${all.length}`).join(", ") || "none";
}

/** One sentence for each name that is not the one that was promised, and how often it came. */
export function wrongAmong(
  what: string,
  names: readonly string[],
  promised: string | readonly string[],
): readonly string[] {
  const allowed = [promised].flat();
  const wrong = Object.groupBy(names, (name) => name);
  return Object.entries(wrong)
    .filter(([name]) => !allowed.includes(name))
    .map(
      ([name, all = []]) =>
        `${what}: ${all.length} of ${names.length} ended ${name}, and not ${allowed.join(" or ")}`,
    );
}

export function ms(value: number | undefined): string {
  return value === undefined ? "never" : `${Math.round(value)} ms`;
}
