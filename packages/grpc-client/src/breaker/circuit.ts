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

// Calls that hang, and begin faster than they fail, are told apart by it.
const togetherMs = 1_000;

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
  // The ticket of calls that begin now.
  let ticketNow = 1;
  // A call with an older ticket than this ends too late to count: it began before the circuit opened, or
  // another probe has taken its place.
  let oldestTicket = 1;
  let lastFailureAt = Number.NEGATIVE_INFINITY;
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

  const fail = (ticket: number, now: number): void => {
    // It was on its way when the last one failed: a lost connection fails all its calls at once, and is
    // one failure.
    if (ticket < ticketNow && now - lastFailureAt < togetherMs) {
      return;
    }
    lastFailureAt = now;
    ticketNow += 1;
    if (breaker.failure()) {
      refusesUntil = now + timeoutMs;
      oldestTicket = ticketNow;
      change("OPEN");
    }
  };

  return {
    get state() {
      return stateAt(performance.now());
    },

    enter() {
      if (state === "CLOSED") {
        return ticketNow;
      }
      const now = performance.now();
      if (stateAt(now) === "OPEN" || now < refusesUntil) {
        return 0;
      }
      // A probe that hangs keeps the others out for so long, and no longer.
      refusesUntil = now + timeoutMs;
      ticketNow += 1;
      oldestTicket = ticketNow;
      return ticketNow;
    },

    leave(ticket, code) {
      if (ticket < oldestTicket) {
        return;
      }
      if (code === undefined) {
        refusesUntil = 0;
      } else if (codes.includes(code)) {
        fail(ticket, performance.now());
      } else {
        breaker.success();
        if (state !== "CLOSED") {
          change("CLOSED");
        }
      }
    },
  };
}
