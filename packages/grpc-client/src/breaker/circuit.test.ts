import { status } from "@grpc/grpc-js";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Circuit, createCircuit } from "./circuit.ts";
import { checkCircuitOptions } from "./circuit-options.ts";

const timeoutMs = 30_000;
const hourMs = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
});

function startCircuit() {
  const changes: string[] = [];
  const circuit = createCircuit(checkCircuitOptions({ timeoutMs }), (from, to) => {
    changes.push(`${from} to ${to}`);
  });
  return { circuit, changes };
}

/** One call after another, each of which must be let through. */
function call(circuit: Circuit, code: status | undefined, times = 1): void {
  for (let time = 0; time < times; time += 1) {
    const ticket = circuit.enter();
    expect(ticket).toBeGreaterThan(0);
    circuit.leave(ticket, code);
  }
}

function openCircuit() {
  const started = startCircuit();
  call(started.circuit, status.UNAVAILABLE, 5);
  return started;
}

/** A circuit that may be probed. */
function halfOpenCircuit() {
  const opened = openCircuit();
  vi.advanceTimersByTime(timeoutMs);
  return opened;
}

describe("a closed circuit", () => {
  it("opens after as many failures in a row as its threshold", () => {
    const { circuit, changes } = startCircuit();
    call(circuit, status.UNAVAILABLE, 4);
    expect(circuit.state).toBe("CLOSED");
    call(circuit, status.UNAVAILABLE);
    expect(circuit.state).toBe("OPEN");
    expect(changes).toEqual(["CLOSED to OPEN"]);
  });

  it("counts each code that says the server is ill", () => {
    const { circuit } = startCircuit();
    call(circuit, status.UNAVAILABLE);
    call(circuit, status.DEADLINE_EXCEEDED, 2);
    call(circuit, status.INTERNAL, 2);
    expect(circuit.state).toBe("OPEN");
  });

  it("begins to count anew after a success", () => {
    const { circuit } = startCircuit();
    for (const code of [status.OK, status.NOT_FOUND, status.CANCELLED]) {
      call(circuit, status.UNAVAILABLE, 4);
      call(circuit, code);
    }
    call(circuit, status.UNAVAILABLE, 4);
    expect(circuit.state).toBe("CLOSED");
  });

  it("G20: stays closed whatever the server answers to mistakes of callers", () => {
    const { circuit, changes } = startCircuit();
    call(circuit, status.NOT_FOUND, 1_000);
    call(circuit, status.INVALID_ARGUMENT, 1_000);
    expect(changes).toEqual([]);
  });

  it("counts calls as one that fail together, as those of a lost connection do", () => {
    const { circuit } = startCircuit();
    const together = Array.from({ length: 100 }, () => circuit.enter());
    for (const ticket of together) {
      circuit.leave(ticket, status.UNAVAILABLE);
    }
    call(circuit, status.UNAVAILABLE, 3);
    expect(circuit.state).toBe("CLOSED");
    call(circuit, status.UNAVAILABLE);
    expect(circuit.state).toBe("OPEN");
  });

  it("opens when calls hang that began before the first of them failed", () => {
    const { circuit } = startCircuit();
    const hanging = Array.from({ length: 50 }, () => circuit.enter());
    for (const ticket of hanging) {
      vi.advanceTimersByTime(100);
      circuit.leave(ticket, status.DEADLINE_EXCEEDED);
    }
    expect(circuit.state).toBe("OPEN");
  });

  it("learns nothing from calls that their callers gave up", () => {
    const { circuit } = startCircuit();
    call(circuit, status.UNAVAILABLE, 4);
    call(circuit, undefined, 100);
    expect(circuit.state).toBe("CLOSED");
    call(circuit, status.UNAVAILABLE);
    expect(circuit.state).toBe("OPEN");
  });
});

describe("an open circuit", () => {
  it("lets no call through until its time has passed", () => {
    const { circuit } = openCircuit();
    vi.advanceTimersByTime(timeoutMs - 1);
    expect([circuit.enter(), circuit.enter(), circuit.state]).toEqual([0, 0, "OPEN"]);
    vi.advanceTimersByTime(1);
    expect(circuit.enter()).toBeGreaterThan(0);
  });

  it("is half-open for whoever looks after that", () => {
    const { circuit, changes } = halfOpenCircuit();
    expect(changes).toEqual(["CLOSED to OPEN"]);
    expect([circuit.state, circuit.state]).toEqual(["HALF_OPEN", "HALF_OPEN"]);
    expect(changes).toEqual(["CLOSED to OPEN", "OPEN to HALF_OPEN"]);
  });

  it("does not care how calls end that began before it opened", () => {
    const { circuit } = startCircuit();
    const tickets = [circuit.enter(), circuit.enter(), circuit.enter(), circuit.enter()] as const;
    call(circuit, status.UNAVAILABLE, 5);
    circuit.leave(tickets[0], status.OK);
    expect(circuit.state).toBe("OPEN");

    vi.advanceTimersByTime(timeoutMs);
    const probe = circuit.enter();
    circuit.leave(tickets[1], status.OK);
    circuit.leave(tickets[2], status.UNAVAILABLE);
    circuit.leave(tickets[3], undefined);
    expect([circuit.state, circuit.enter()]).toEqual(["HALF_OPEN", 0]);
    circuit.leave(probe, status.OK);
    expect(circuit.state).toBe("CLOSED");
  });

  it.each([-hourMs, hourMs])("G21, L31: does not mind a clock that is set by %i ms", (jumpMs) => {
    const { circuit } = openCircuit();
    vi.setSystemTime(Date.now() + jumpMs);
    vi.advanceTimersByTime(timeoutMs - 1);
    expect(circuit.enter()).toBe(0);
    vi.advanceTimersByTime(1);
    expect(circuit.enter()).toBeGreaterThan(0);

    vi.setSystemTime(Date.now() - jumpMs);
    vi.advanceTimersByTime(timeoutMs - 1);
    expect(circuit.enter()).toBe(0);
    vi.advanceTimersByTime(1);
    expect(circuit.enter()).toBeGreaterThan(0);
  });
});

describe("a half-open circuit", () => {
  it("G19, L31: lets exactly one of 50 calls try, and the others do not wait for it", async () => {
    const { circuit } = halfOpenCircuit();
    const { promise: response, resolve: respond } = Promise.withResolvers<void>();
    const order: string[] = [];
    const calls = Array.from({ length: 50 }, async () => {
      const ticket = circuit.enter();
      if (ticket === 0) {
        order.push("refused");
        return;
      }
      await response;
      order.push("executed");
      circuit.leave(ticket, status.OK);
    });
    expect(order).toEqual(Array.from({ length: 49 }, () => "refused"));
    respond();
    await Promise.all(calls);
    expect(order.slice(49)).toEqual(["executed"]);
    expect(circuit.state).toBe("CLOSED");
  });

  it("closes once the probe has succeeded, and counts from nothing", () => {
    const { circuit, changes } = halfOpenCircuit();
    call(circuit, status.NOT_FOUND);
    call(circuit, status.UNAVAILABLE, 4);
    expect(circuit.state).toBe("CLOSED");
    expect(changes).toEqual(["CLOSED to OPEN", "OPEN to HALF_OPEN", "HALF_OPEN to CLOSED"]);
  });

  it("opens again for as long after one failure of the probe", () => {
    const { circuit, changes } = halfOpenCircuit();
    const probe = circuit.enter();
    vi.advanceTimersByTime(1_000);
    circuit.leave(probe, status.INTERNAL);
    vi.advanceTimersByTime(timeoutMs - 1);
    expect([circuit.state, circuit.enter()]).toEqual(["OPEN", 0]);
    vi.advanceTimersByTime(1);
    expect(circuit.state).toBe("HALF_OPEN");
    expect(changes.slice(1)).toEqual([
      "OPEN to HALF_OPEN",
      "HALF_OPEN to OPEN",
      "OPEN to HALF_OPEN",
    ]);
  });

  it("lets the next call try if the probe was given up", () => {
    const { circuit } = halfOpenCircuit();
    call(circuit, undefined, 3);
    expect(circuit.state).toBe("HALF_OPEN");
    const probe = circuit.enter();
    expect([probe > 0, circuit.enter()]).toEqual([true, 0]);
    circuit.leave(probe, status.OK);
    expect(circuit.state).toBe("CLOSED");
  });

  it("L31: lets another call try if the probe hangs, whose end then says nothing", () => {
    const { circuit, changes } = halfOpenCircuit();
    const hung = circuit.enter();
    vi.advanceTimersByTime(timeoutMs - 1);
    expect(circuit.enter()).toBe(0);
    vi.advanceTimersByTime(1);
    const probe = circuit.enter();
    expect([probe > 0, circuit.enter()]).toEqual([true, 0]);

    for (const code of [status.OK, status.UNAVAILABLE, undefined]) {
      circuit.leave(hung, code);
      expect([circuit.state, circuit.enter()]).toEqual(["HALF_OPEN", 0]);
    }
    circuit.leave(probe, status.OK);
    expect(changes).toEqual(["CLOSED to OPEN", "OPEN to HALF_OPEN", "HALF_OPEN to CLOSED"]);
  });
});

describe("onChange", () => {
  it("may ask the circuit, which has changed by then", () => {
    const seen: unknown[] = [];
    const options = checkCircuitOptions({ threshold: 1, timeoutMs });
    const circuit: Circuit = createCircuit(options, (_from, to) => {
      seen.push([to, circuit.state]);
    });
    call(circuit, status.UNAVAILABLE);
    vi.advanceTimersByTime(timeoutMs);
    call(circuit, status.OK);
    expect(seen).toEqual([
      ["OPEN", "OPEN"],
      ["HALF_OPEN", "HALF_OPEN"],
      ["CLOSED", "CLOSED"],
    ]);
  });
});
