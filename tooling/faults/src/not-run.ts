import type { Row } from "./row.ts";

/** A row that cannot be run here, and why: "needs a kernel with netem". */
export interface NotRun extends Row {
  readonly notRun: string;
}

/** An entry for a row that cannot be run. It is counted apart, and never as kept. */
export function notRun(id: string, fault: string, promise: string, reason: string): NotRun {
  return {
    id,
    fault,
    promise,
    isQuick: false,
    notRun: reason,
    run: () => Promise.reject(new Error(`${id} cannot be run: ${reason}`)),
  };
}

/** Why a row cannot be run; undefined if it can. */
export function whyNotRun(row: Row): string | undefined {
  return "notRun" in row && typeof row.notRun === "string" ? row.notRun : undefined;
}

/** What a row throws when it finds only on the way that this machine cannot run it. */
export class CannotRunError extends Error {
  override readonly name = "CannotRunError";
}
