import { textOnWire, type WireOutcome } from "../wire/wire-calls.ts";
import { internalsIn } from "./internals.ts";

/**
 * What is wrong with an answer to a caller who may have sent anything: a code that is not allowed, something internal,
 * or an error that the service itself did not expect.
 */
export function faultOf(outcome: WireOutcome, allowed: readonly string[]): string | undefined {
  const { name, message } = outcome;
  const internal = internalsIn(textOnWire(outcome));
  if (internal !== undefined) {
    return `${internal} went over the wire with ${name}: ${message}`;
  }
  // The text of those that are hidden. What was wrong with the bytes has another.
  if (message === "internal error") {
    return `${name}: the service fails by itself`;
  }
  return allowed.includes(name) ? undefined : `it ended ${name}: ${message}`;
}
