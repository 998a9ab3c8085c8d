import { vi } from "vitest";

/**
 * A clock that stands still unless it is told to go on, while sockets go on as ever: when something
 * happens is then a matter of order, and not of how busy the machine is. `vi.useRealTimers` ends it.
 */
export function useFakeClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
}

/** Lets sockets go on until `isTrue`, and the clock stand still. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Ends the timers of connections being made, so that those which are left are far away. */
export function endNearTimers(): void {
  vi.advanceTimersByTime(60_000);
}

/**
 * What the call comes to. The clock goes on when, and only when, another timer has been started than
 * those that there are now; then it goes on to the next.
 */
export async function runOnClock<Result>(start: () => Promise<Result>): Promise<Result> {
  const before = vi.getTimerCount();
  let isOver = false;
  const result = start().finally(() => {
    isOver = true;
  });
  for (;;) {
    await until(() => isOver || vi.getTimerCount() > before);
    if (isOver) {
      return result;
    }
    vi.advanceTimersToNextTimer();
  }
}
