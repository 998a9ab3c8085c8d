import { type Logger, pino } from "pino";

/** What pino writes of a line. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface MemoryLog {
  readonly logger: Logger;
  /** What was written, byte for byte: a string for each line. */
  readonly written: readonly string[];
  /** The same, parsed. Throws for a line that is no JSON. */
  readonly lines: readonly LogLine[];
}

/** A real pino that writes to memory. */
export function memoryLog(level = "info"): MemoryLog {
  const written: string[] = [];
  const logger = pino({ level }, { write: (line) => written.push(line) });
  return {
    logger,
    written,
    get lines() {
      return written.map((line) => JSON.parse(line) as LogLine);
    },
  };
}
