/** Lets a limited number of pieces of work run at once. The others wait, and start in order. */
export interface Slots {
  /** Whether there is room for one more. */
  readonly isFree: boolean;
  /** Runs `work` once there is room. Rejects with the reason of a signal that aborts while it waits. */
  run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

/** With a `count` of 1 it is a lock. */
export function createSlots(count: number): Slots {
  const waiting = new Set<() => void>();
  let free = count;

  const enter = (signal: AbortSignal | undefined): Promise<void> | undefined => {
    if (free > 0) {
      free -= 1;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        waiting.delete(start);
        reject(signal?.reason);
      };
      waiting.add(start);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  };

  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
    } else {
      waiting.delete(next);
      next();
    }
  };

  return {
    get isFree() {
      return free > 0;
    },
    async run(work, signal) {
      signal?.throwIfAborted();
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
