import type { status } from "@grpc/grpc-js";
import { ConsecutiveBreaker } from "cockatiel";
import type { CircuitBreakerOptions } from "../client-options.ts";

/** CLOSED: calls go. OPEN: none does. HALF_OPEN: one may try, or is trying. */
export type CircuitState = "CLOSED" | "OPEN" | "HALF_OPEN";

/** Decides for one method of one target whether calls are sent. */
export interface Circuit {
  readonly state: CircuitState;
  /** A ticket for `leave`; 0: the call must not be sent. */
  enter(): number;
  /**
   * How the call ended. Undefined: in a way that says nothing of the server, as when its caller
   * cancelled it. To be called once for each ticket.
   */
  leave(ticket: number, code: status | undefined): void;
}

/**
 * A circuit that is closed. `onChange` is told of each change after it, and at the latest when somebody
 * reads the state: there is no timer, so that an open circuit becomes half-open when it is next used.
 *
 * Cockatiel's breaker counts the failures. Its policy around one would wait for the probe with all
 * other calls, and tells the time by a clock that can be set.
 */
export function createCircuit(
  { threshold, timeoutMs, codes }: Required<CircuitBreakerOptions>,
  onChange?: (from: CircuitState, to: CircuitState) => void,
): Circuit {
  const breaker = new ConsecutiveBreaker(threshold);
  let state: CircuitState = "CLOSED";
  // What calls have their tickets from. A call that has an older one ends too late to count: it began
  // before the circuit opened, or another probe has taken its place.
  let generation = 1;
  // Says nothing while the circuit is closed.
  let refusesUntil = 0;

  const change = (to: CircuitState): void => {
    const from = state;
    state = to;
    onChange?.(from, to);
  };

  const stateAt = (now: number): CircuitState => {
    if (state === "OPEN" && now >= refusesUntil) {
      change("HALF_OPEN");
    }
    return state;
  };

  return {
    get state() {
      return stateAt(performance.now());
    },

    enter() {
      if (state === "CLOSED") {
        return generation;
      }
      const now = performance.now();
      if (stateAt(now) === "OPEN" || now < refusesUntil) {
        return 0;
      }
      // A probe that hangs keeps the others out for so long, and no longer.
      refusesUntil = now + timeoutMs;
      generation += 1;
      return generation;
    },

    leave(ticket, code) {
      if (ticket !== generation) {
        return;
      }
      if (code === undefined) {
        refusesUntil = 0;
      } else if (!codes.includes(code)) {
        breaker.success();
        if (state !== "CLOSED") {
          change("CLOSED");
        }
      } else if (breaker.failure()) {
        refusesUntil = performance.now() + timeoutMs;
        generation += 1;
        change("OPEN");
      }
    },
  };
}
