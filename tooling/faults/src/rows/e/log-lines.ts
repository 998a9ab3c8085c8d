import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "../../harness/service.ts";

/** A line of the log, as it was written and as it reads. */
export interface LogLine {
  readonly text: string;
  /** Undefined: it is no JSON. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** What a service writes from now on. */
export interface LogTail {
  lines(): readonly LogLine[];
  /** The lines, once there are so many that `is` holds for; those that have come after ten seconds at the latest. */
  waitFor(
    count: number,
    is: (fields: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<readonly LogLine[]>;
}

export function tailOf(service: Service): LogTail {
  const start = service.outputLength();
  const lines = (): readonly LogLine[] => {
    const texts = service.output(start).split("\n");
    // The last one is not whole yet, or empty.
    return texts.slice(0, -1).map((text) => ({ text, fields: parse(text) }));
  };
  return {
    lines,
    async waitFor(count, is) {
      const endMs = performance.now() + 10_000;
      for (;;) {
        const all = lines();
        const found = all.filter(({ fields }) => fields !== undefined && is(fields)).length;
        if (found >= count || performance.now() >= endMs) {
          return all;
        }
        await delay(20);
      }
    },
  };
}

/** Whether a line is about a call that has ended. */
export function isEndOfCall({ message }: Readonly<Record<string, unknown>>): boolean {
  return message === "finished call";
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
