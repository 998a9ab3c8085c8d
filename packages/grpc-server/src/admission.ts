import { maxTimerMs } from "./check-option.ts";

/** A call that asks to be run. */
export interface Entrant {
  /** Epoch milliseconds; Infinity if it has none. */
  readonly deadline: number;
  /** How long calls like this one usually take, in milliseconds; 0 if that is not known. */
  readonly typicalMs: number;
  admit(): void;
  refuse(reason: AdmissionRefusal): void;
}

export type AdmissionRefusal = "full" | "deadline_too_short" | "draining";

export interface AdmissionLimits {
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** How long a call may wait. */
  readonly maxQueueMs: number;
}

interface Queued {
  readonly entrant: Entrant;
  readonly expiresAt: number;
}

// One in so many doomed calls is let in, or a method that has become faster would never be known to.
const probeEvery = 10;

/**
 * Lets so many calls run at once. Of those that wait the newest goes first: under overload the oldest
 * have hardly any time left, and serving them in order would serve none in time.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  /** Oldest first. */
  #queue: Queued[] = [];
  #running = 0;
  #doomed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Calls `admit` or `refuse` of the entrant, now or later, unless it is withdrawn. */
  enter(entrant: Entrant): void {
    if (this.#running < this.#limits.maxRunning) {
      this.#admit(entrant);
      return;
    }
    if (this.#limits.maxQueued === 0) {
      entrant.refuse("full");
      return;
    }
    if (this.#queue.length >= this.#limits.maxQueued) {
      this.#refuseExpired();
    }
    if (this.#queue.length >= this.#limits.maxQueued) {
      this.#queue.shift()?.entrant.refuse("full");
    }
    this.#queue.push({ entrant, expiresAt: performance.now() + this.#limits.maxQueueMs });
    this.#watchOldest();
  }

  /** Says that a call that was admitted no longer runs. */
  leave(): void {
    this.#running -= 1;
    while (this.#running < this.#limits.maxRunning) {
      const newest = this.#queue.pop();
      if (newest === undefined) {
        return;
      }
      this.#admit(newest.entrant);
    }
  }

  /** Forgets a call that waits. */
  withdraw(entrant: Entrant): void {
    this.#queue = this.#queue.filter((queued) => queued.entrant !== entrant);
  }

  /** Refuses all that wait. */
  refuseAll(): void {
    for (const { entrant } of this.#queue.splice(0)) {
      entrant.refuse("draining");
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #admit(entrant: Entrant): void {
    if (this.#isDoomed(entrant)) {
      entrant.refuse("deadline_too_short");
      return;
    }
    this.#running += 1;
    entrant.admit();
  }

  // Only a busy server: where there is room, a try costs nothing that others would need.
  #isDoomed({ deadline, typicalMs }: Entrant): boolean {
    const remainingMs = deadline - Date.now();
    if (remainingMs <= 0) {
      return true;
    }
    if (this.#running * 2 < this.#limits.maxRunning || remainingMs >= typicalMs) {
      return false;
    }
    this.#doomed += 1;
    return this.#doomed % probeEvery !== 0;
  }

  #refuseExpired(): void {
    const now = performance.now();
    const expired = this.#queue.filter(
      ({ expiresAt, entrant }) => expiresAt <= now || entrant.deadline <= Date.now(),
    );
    if (expired.length > 0) {
      this.#queue = this.#queue.filter((queued) => !expired.includes(queued));
      for (const { entrant } of expired) {
        entrant.refuse(entrant.deadline <= Date.now() ? "deadline_too_short" : "full");
      }
    }
  }

  // The oldest is the first to have waited too long, since all may wait as long.
  #watchOldest(): void {
    const [oldest] = this.#queue;
    if (this.#timer !== undefined || oldest === undefined) {
      return;
    }
    const waitMs = Math.min(maxTimerMs, Math.max(1, oldest.expiresAt - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#refuseExpired();
      this.#watchOldest();
    }, waitMs);
  }
}
