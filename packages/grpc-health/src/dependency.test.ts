import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { DependencyCheck, DependencyCheckOptions } from "./check-options.ts";
import { createDependency, type Dependency } from "./dependency.ts";

const intervalMs = 5_000;

interface Observed {
  readonly dependency: Dependency;
  /** The states that it went to, with the error's text. */
  readonly changes: string[];
}

function observe(check: DependencyCheck | DependencyCheckOptions): Observed {
  const changes: string[] = [];
  const dependency = createDependency("database", check, (_name, _from, to, error) => {
    changes.push(error === undefined ? to : `${to}: ${String(error)}`);
  });
  onTestFinished(() => dependency.stop());
  return { dependency, changes };
}

/** A check that answers from a list, and counts. */
function script(results: readonly boolean[]): { check: () => boolean; count(): number } {
  let count = 0;
  return { check: () => results[count++ % results.length] ?? false, count: () => count };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

describe("createDependency", () => {
  it.each<[string, DependencyCheck, string]>([
    ["says yes", () => true, "HEALTHY"],
    ["returns nothing", async () => {}, "HEALTHY"],
    ["says no", () => false, "UNHEALTHY: Error: the check said no"],
    ["says no later", async () => false, "UNHEALTHY: Error: the check said no"],
    ["throws", () => fail(new Error("refused")), "UNHEALTHY: Error: refused"],
    ["rejects", async () => fail(new Error("refused")), "UNHEALTHY: Error: refused"],
    ["throws a text", () => fail("refused"), "UNHEALTHY: refused"],
    ["throws null", () => fail(null), "UNHEALTHY: null"],
    ["returns what cannot be awaited", () => untrustworthy(), "UNHEALTHY: Error: no then"],
  ])("takes a check that %s as an answer", async (_what, check, change) => {
    const { dependency, changes } = observe(check);
    expect(dependency.state).toBe("UNKNOWN");
    await dependency.start();
    expect(changes).toEqual([change]);
    expect(dependency.latest?.hasPassed).toBe(change === "HEALTHY");
  });

  it("starts nothing beside a check that hangs, aborts it, and counts it as failed each interval", async () => {
    let runs = 0;
    const reasons: unknown[] = [];
    const { promise: hang, resolve: letGo } = Promise.withResolvers<void>();
    const { dependency, changes } = observe((signal) => {
      runs++;
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return runs === 2 ? hang : undefined;
    });
    await dependency.start();
    await vi.advanceTimersByTimeAsync(intervalMs + 1_999);
    expect([runs, changes]).toEqual([2, ["HEALTHY"]]);
    await vi.advanceTimersByTimeAsync(1);
    expect(dependency.latest).toMatchObject({ hasPassed: false, latencyMs: 2_000 });
    expect(reasons).toEqual([new Error("the check did not end within 2000 ms")]);
    await vi.advanceTimersByTimeAsync(intervalMs);
    const tripped = "UNHEALTHY: Error: the check before has not ended yet";
    expect([runs, changes]).toEqual([2, ["HEALTHY", tripped]]);
    letGo();
    // What it says too late is no answer, and the next two are.
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect([runs, changes]).toEqual([3, ["HEALTHY", tripped]]);
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect([runs, changes]).toEqual([4, ["HEALTHY", tripped, "HEALTHY"]]);
  });

  it("does not count a check that takes longer than the interval, and less than its time, as failed", async () => {
    let runs = 0;
    const { dependency, changes } = observe({
      check: () => {
        runs++;
        return new Promise((resolve) => setTimeout(resolve, 2_500));
      },
      intervalMs: 1_000,
      timeoutMs: 3_000,
      failuresToTrip: 1,
    });
    void dependency.start();
    await vi.advanceTimersByTimeAsync(8_900);
    expect([runs, changes]).toEqual([3, ["HEALTHY"]]);
  });

  it("trips after failures in a row, and recovers after successes in a row", async () => {
    const [yes, no] = [true, false];
    const { check } = script([yes, no, no, yes, no, no, no, yes, yes, no, yes, yes, yes]);
    const { dependency, changes } = observe({ check, failuresToTrip: 3, successesToRecover: 2 });
    await dependency.start();
    const states: string[] = [dependency.state];
    for (let i = 1; i < 13; i++) {
      await vi.advanceTimersByTimeAsync(intervalMs);
      states.push(dependency.state);
    }
    expect(states.map((state) => (state === "HEALTHY" ? "+" : "-")).join("")).toBe("++++++--+++++");
    expect(changes).toHaveLength(3);
  });

  it("needs to pass once, and no more, if it never has", async () => {
    const { check } = script([false, false, true]);
    const { dependency } = observe({ check, successesToRecover: 5 });
    await dependency.start();
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect(dependency.state).toBe("UNHEALTHY");
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect(dependency.state).toBe("HEALTHY");
  });

  it.each([500, 1_000, 1_500, 5_000])(
    "changes once per two checks at the most when a dependency toggles at 1 Hz and is asked every %i ms (G11)",
    async (everyMs) => {
      const times: number[] = [];
      // Up in the first half of each second, and when first asked.
      vi.setSystemTime(0);
      const check = (): boolean => Date.now() % 1_000 < 500;
      const options = { check, intervalMs: everyMs };
      const dependency = createDependency("database", options, () => times.push(Date.now()));
      onTestFinished(() => dependency.stop());
      vi.mocked(Math.random).mockRestore();
      await dependency.start();
      await vi.advanceTimersByTimeAsync(200 * everyMs);
      const windowMs = 2 * everyMs * 0.9;
      for (const [index, time] of times.entries()) {
        const next = times[index + 1] ?? Number.POSITIVE_INFINITY;
        expect(next - time).toBeGreaterThanOrEqual(Math.floor(windowMs) - 1);
      }
      expect(times.length).toBeGreaterThan(0);
    },
  );

  it("checks by the interval, give or take 10 %", async () => {
    const { check, count } = script([true]);
    const { dependency } = observe({ check, intervalMs: 1_000 });
    vi.mocked(Math.random).mockReturnValueOnce(0).mockReturnValueOnce(1);
    await dependency.start();
    await vi.advanceTimersByTimeAsync(899);
    expect(count()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(count()).toBe(2);
    await vi.advanceTimersByTimeAsync(1_099);
    expect(count()).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(count()).toBe(3);
  });

  it("runs nothing after stop, aborts what runs, and settles a start that waits for it", async () => {
    const signals: AbortSignal[] = [];
    const { dependency, changes } = observe((signal) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const started = dependency.start();
    dependency.stop();
    await started;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await vi.advanceTimersByTimeAsync(10 * intervalMs);
    expect(signals).toHaveLength(1);
    expect(changes).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not keep the process alive between checks", async () => {
    vi.useRealTimers();
    const timers = vi.spyOn(globalThis, "setTimeout");
    const { dependency } = observe({ check: () => {}, intervalMs: 60_000 });
    await dependency.start();
    const interval = timers.mock.results.find(
      (_result, index) => (timers.mock.calls[index]?.[1] ?? 0) > 2_000,
    );
    expect(interval?.value.hasRef()).toBe(false);
  });
});

describe("the options of a check", () => {
  const check = (): void => {};
  it.each<[unknown, string]>([
    [null, "dependencyChecks.database must be a function or have a check, got null"],
    [{ intervalMs: 5 }, "dependencyChecks.database must be a function or have a check, got {"],
    [{ check, intervalMs: 0 }, "dependencyChecks.database.intervalMs must be an integer from 1"],
    [
      { check, timeoutMs: Number.NaN },
      "dependencyChecks.database.timeoutMs must be an integer from 1",
    ],
    [
      { check, timeoutMs: 2 ** 31 },
      "timeoutMs must be an integer from 1 to 86400000, got 2147483648",
    ],
    [{ check, failuresToTrip: 1.5 }, "failuresToTrip must be an integer from 1 to 1000, got 1.5"],
    [
      { check, successesToRecover: "2" },
      "successesToRecover must be an integer from 1 to 1000, got '2'",
    ],
    [{ check, critical: "no" }, "dependencyChecks.database.critical must be a boolean, got 'no'"],
  ])("refuses %o", (options, message) => {
    expect(() => observe(options as DependencyCheckOptions)).toThrow(message);
  });

  it("refuses a name that is empty", () => {
    expect(() => createDependency("", check, () => {})).toThrow(RangeError);
  });
});

function fail(error: unknown): never {
  throw error;
}

function untrustworthy(): Promise<void> {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: what is awaited may be any object.
    get then() {
      return fail(new Error("no then"));
    },
  };
  return thenable as unknown as Promise<void>;
}
