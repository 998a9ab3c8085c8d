const QUOTED_MAX = 80;

const surrogatePairs = /[\ud800-\udbff][\udc00-\udfff]/g;

/** How many characters `text` has, an emoji being one, as Go, Python and SQL count them. */
export function countCharacters(text: string): number {
  let count = text.length;
  // To iterate 4 MiB would hold up other calls for some 50 ms, and most texts have no pairs.
  while (surrogatePairs.test(text)) {
    count -= 1;
  }
  return count;
}

/** Whether `text` has more characters than `max`. Does not count those of a text that is much too long. */
export function isLongerThan(text: string, max: number): boolean {
  return text.length > 2 * max || countCharacters(text) > max;
}

/** Quotes what a caller sent, for a message: on one line, and cut if it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text);
}
