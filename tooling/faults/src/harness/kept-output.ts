/** What a process has written, and the last of it: an attack can make it write hundreds of megabytes. */
export interface KeptOutput {
  add(chunk: string): void;
  /** How many characters there were so far. */
  length(): number;
  /** What came after so many characters, as far as it is kept. Default: all that is kept. */
  text(from?: number): string;
}

const keptCharacters = 32 * 1024 * 1024;

export function keepOutput(): KeptOutput {
  const chunks: string[] = [];
  let [kept, dropped] = [0, 0];
  return {
    add(chunk) {
      chunks.push(chunk);
      kept += chunk.length;
      while (kept > keptCharacters) {
        const { length } = chunks.shift() ?? "";
        kept -= length;
        dropped += length;
      }
    },
    length: () => dropped + kept,
    text: (from = 0) => chunks.join("").slice(Math.max(0, from - dropped)),
  };
}
