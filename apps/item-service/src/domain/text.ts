const QUOTED_MAX = 80;

/** How many characters `text` has, an emoji being one, as Go, Python and SQL count them. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) {
    count += 1;
  }
  return count;
}

/** Quotes what a caller sent, for a message: on one line, and cut if it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text);
}
