import { maxTimerMs } from "./check-option.ts";

/** A call that was let in, as far as its time is concerned. */
export interface RunningCall {
  /** Epoch milliseconds at which it must end; Infinity if nothing here ends it. */
  readonly dueAt: number;
  onDue(): void;
}

/**
 * The calls that were let in and have not ended. They share one timer, set for the one that is due
 * first: a timer of its own costs a call 5 % of its CPU time, and hardly any is ever needed.
 */
export class RunningCalls<Call extends RunningCall> {
  readonly #calls = new Set<Call>();
  #nextAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#calls.size;
  }

  [Symbol.iterator](): Iterator<Call> {
    return this.#calls.values();
  }

  add(call: Call): void {
    this.#calls.add(call);
    this.watch(call.dueAt);
  }

  delete(call: Call): void {
    this.#calls.delete(call);
  }

  /** Says that a call is due at that time, which may have become nearer. */
  watch(dueAt: number): void {
    if (dueAt >= this.#nextAt) {
      return;
    }
    this.#nextAt = dueAt;
    clearTimeout(this.#timer);
    const waitMs = Math.min(maxTimerMs, Math.max(1, dueAt - Date.now()));
    this.#timer = setTimeout(() => this.#endDue(), waitMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#nextAt = Number.NEGATIVE_INFINITY;
  }

  #endDue(): void {
    this.#nextAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    let nearest = Number.POSITIVE_INFINITY;
    for (const call of this.#calls) {
      if (call.dueAt <= now) {
        call.onDue();
      } else {
        nearest = Math.min(nearest, call.dueAt);
      }
    }
    this.watch(nearest);
  }
}
