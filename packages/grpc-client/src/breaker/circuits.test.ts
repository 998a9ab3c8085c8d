import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import type { CircuitChange } from "../client-options.ts";
import { createCircuits } from "./circuits.ts";

const target = "dns:///items:50051";
const path = "/examples.ItemService/GetItem";

describe("createCircuits", () => {
  it("has one circuit for each method of each target", () => {
    const changes: CircuitChange[] = [];
    const circuits = createCircuits(
      { threshold: 1 },
      { onCircuitChange: (change) => changes.push(change) },
    );
    const circuit = circuits.circuitOf(target, path);
    circuits.circuitOf("other", path);
    circuits.circuitOf(target, "/examples.ItemService/ListItems");
    expect(circuits.circuitOf(target, path)).toBe(circuit);
    circuit?.leave(circuit.enter(), status.UNAVAILABLE);

    expect(circuits.report()).toEqual([
      { target, path, state: "OPEN" },
      { target: "other", path, state: "CLOSED" },
      { target, path: "/examples.ItemService/ListItems", state: "CLOSED" },
    ]);
    expect(changes).toEqual([{ target, path, from: "CLOSED", to: "OPEN" }]);
  });

  it("needs neither options nor an observer", () => {
    const circuits = createCircuits();
    const circuit = circuits.circuitOf(target, path);
    for (let time = 0; time < 5; time += 1) {
      circuit?.leave(circuit.enter(), status.UNAVAILABLE);
    }
    expect(circuit?.state).toBe("OPEN");
  });

  it("has none where there are to be none", () => {
    const circuits = createCircuits(false);
    expect(circuits.circuitOf(target, path)).toBeUndefined();
    expect(circuits.report()).toEqual([]);
  });

  it("refuses wrong options at once", () => {
    expect(() => createCircuits({ threshold: -1 })).toThrow("circuitBreaker.threshold must be");
  });
});
