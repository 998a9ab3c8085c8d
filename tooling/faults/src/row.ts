import type { Harness } from "./harness/harness.ts";

/**
 * What was promised and not kept, as a sentence. One that is `late` is about how long something took or what it cost,
 * which may be due to whatever else the machine does.
 */
export type Miss = string | { readonly late: string };

/** What a row of the suite has shown. */
export interface Outcome {
  /** The figures, as they go into the table: "cut after 1,001 resets; 412 calls beside it, none failed, p99 9 ms". */
  readonly measured: string;
  /** Empty: the promise is kept. If all are late, the row is run once more, and is to keep it then. */
  readonly misses: readonly Miss[];
}

/** One fault or attack, and what is promised for it. */
export interface Row {
  /** As in "A1". */
  readonly id: string;
  readonly fault: string;
  readonly promise: string;
  /** Whether it is part of the quick set. It must take no more than about two seconds then. */
  readonly isQuick: boolean;
  /** May attack for shorter when `harness.isQuick`. */
  run(harness: Harness): Promise<Outcome>;
}
