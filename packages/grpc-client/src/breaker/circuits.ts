import { tellObserver } from "../call/tell-observer.ts";
import type { CircuitBreakerOptions, ClientObserver } from "../client-options.ts";
import { type Circuit, type CircuitState, createCircuit } from "./circuit.ts";
import { checkCircuitOptions } from "./circuit-options.ts";

export interface CircuitReport {
  readonly target: string;
  /** "/examples.ItemService/GetItem". */
  readonly path: string;
  readonly state: CircuitState;
}

/** The circuits of a client: one for each method of each target. */
export interface Circuits {
  /**
   * The circuit of a method like "/examples.ItemService/GetItem", until it is forgotten.
   * Undefined: calls are always sent.
   */
  circuitOf(target: string, path: string): Circuit | undefined;
  /** No more calls will be made to the target by the stubs that there are. */
  forget(target: string): void;
  /** Those that have been asked for, the first asked for first. */
  report(): readonly CircuitReport[];
}

/** Throws a TypeError or RangeError that names an option that is wrong. */
export function createCircuits(
  options: CircuitBreakerOptions | false = {},
  observer: Pick<ClientObserver, "onCircuitChange"> = {},
): Circuits {
  if (options === false) {
    return { circuitOf: () => undefined, forget: () => {}, report: () => [] };
  }
  const checked = checkCircuitOptions(options);
  const circuits = new Map<string, { target: string; path: string; circuit: Circuit }>();

  return {
    circuitOf(target, path) {
      // Paths have no spaces, so that no two methods share a key.
      const key = `${target} ${path}`;
      let entry = circuits.get(key);
      if (entry === undefined) {
        const circuit = createCircuit(checked, (from, to) =>
          tellObserver(() => observer.onCircuitChange?.({ target, path, from, to })),
        );
        entry = { target, path, circuit };
        circuits.set(key, entry);
      }
      return entry.circuit;
    },

    forget(target) {
      for (const [key, entry] of circuits) {
        if (entry.target === target) {
          circuits.delete(key);
        }
      }
    },

    report: () =>
      [...circuits.values()].map(({ target, path, circuit }) => ({
        target,
        path,
        state: circuit.state,
      })),
  };
}
