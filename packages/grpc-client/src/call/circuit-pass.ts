import { status } from "@grpc/grpc-js";
import type { CallState } from "./call-state.ts";
import type { MethodPlan } from "./method-plan.ts";

// A healthy server may need more than a call with less was given.
const enoughMs = 1_000;

/** A call's way through the circuit of its method. */
export class CircuitPass {
  readonly #plan: Pick<MethodPlan, "circuit" | "definition" | "timeoutMs">;
  readonly #state: CallState;
  #ticket = 0;

  constructor(plan: Pick<MethodPlan, "circuit" | "definition" | "timeoutMs">, state: CallState) {
    this.#plan = plan;
    this.#state = state;
  }

  /** Whether the call may be sent. */
  enter(): boolean {
    const { circuit } = this.#plan;
    if (circuit === undefined) {
      return true;
    }
    this.#ticket = circuit.enter();
    return this.#ticket !== 0;
  }

  /** How the call has ended, or is well under way. What comes after the first time does not count. */
  leave(code: status): void {
    if (this.#ticket !== 0) {
      this.#plan.circuit?.leave(this.#ticket, this.#saysNothing(code) ? undefined : code);
      this.#ticket = 0;
    }
  }

  // Of the server, that is.
  #saysNothing(code: status): boolean {
    if (this.#state.isCallers || code !== status.DEADLINE_EXCEEDED) {
      return this.#state.isCallers;
    }
    const { definition, timeoutMs } = this.#plan;
    const usualMs = typeof timeoutMs === "number" ? timeoutMs : enoughMs;
    // A stream may be quiet for as long as it is open.
    return definition.responseStream || this.#state.allowedMs < Math.min(usualMs, enoughMs);
  }
}
