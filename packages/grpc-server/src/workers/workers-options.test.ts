import { describe, expect, it, vi } from "vitest";
import { runWorkers } from "./run-workers.ts";
import { guardListener, reportTrouble, type WorkersEvent } from "./workers-events.ts";
import { type RunWorkersOptions, resolveWorkersOptions } from "./workers-options.ts";

const main = async () => {};

describe("runWorkers", () => {
  const range = "must be a number above 0 and up to 2147483647";
  it.each<[object, string]>([
    [{ maxWorkers: 0 }, "maxWorkers must be an integer from 1, got 0"],
    [{ maxWorkers: 1.5 }, "maxWorkers must be an integer from 1, got 1.5"],
    [{ maxWorkers: "4" }, "maxWorkers must be an integer from 1, got '4'"],
    [{ readyTimeoutMs: 0 }, `readyTimeoutMs ${range}, got 0`],
    [{ stopTimeoutMs: 2 ** 31 }, `stopTimeoutMs ${range}, got 2147483648`],
    [{ maxStartFailures: 0 }, "maxStartFailures must be an integer from 1, got 0"],
    [{ restartBackoff: { initialMs: Number.NaN } }, `restartBackoff.initialMs ${range}, got NaN`],
    [{ restartBackoff: { maxMs: -1 } }, `restartBackoff.maxMs ${range}, got -1`],
    [{ restartBackoff: { stableMs: "1s" } }, `restartBackoff.stableMs ${range}, got '1s'`],
    [{ metrics: { host: "" } }, "metrics.host must be an address or a name, got ''"],
    [{ metrics: { port: 65_536 } }, "metrics.port must be an integer from 0 to 65535, got 65536"],
    [{ metrics: { timeoutMs: 0 } }, `metrics.timeoutMs ${range}, got 0`],
    [{ metrics: { title: 7 } }, "metrics.title must be a text, got 7"],
    [{ metrics: { refreshMs: -1 } }, `metrics.refreshMs ${range}, got -1`],
    [{ metrics: { registry: {} } }, "metrics.registry.getMetricsAsJSON must be a function"],
    [{ onEvent: "stderr" }, "onEvent must be a function, got 'stderr'"],
  ])("refuses %o", async (wrong, message) => {
    await expect(runWorkers(main, wrong as RunWorkersOptions)).rejects.toThrow(message);
  });

  it("refuses a main that is no function", async () => {
    await expect(runWorkers({} as never)).rejects.toThrow("main must be a function, got {}");
  });
});

describe("resolveWorkersOptions", () => {
  it("starts at most 10 workers by itself", () => {
    const { maxWorkers } = resolveWorkersOptions(main, {});
    expect(maxWorkers).toBeGreaterThanOrEqual(1);
    expect(maxWorkers).toBeLessThanOrEqual(10);
  });
});

describe("reportTrouble", () => {
  const written = (event: WorkersEvent) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    reportTrouble(event);
    return write.mock.calls.map(([text]) => text);
  };
  const exit = { type: "worker_exited", pid: 7, code: 1, signal: null } as const;

  it("writes what somebody should look into", () => {
    expect(written({ ...exit, expected: false })).toEqual([
      "workers: 7 ended by itself (code 1)\n",
    ]);
  });

  it("is quiet else", () => {
    expect(written({ ...exit, expected: true })).toEqual([]);
    expect(written({ type: "worker_ready", pid: 7 })).toEqual([]);
  });
});

describe("guardListener", () => {
  it("writes to stderr what the listener throws", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    guardListener(() => {
      throw new Error("the log is full");
    })({ type: "restart_started" });
    await expect.poll(() => write.mock.calls.join()).toContain("the log is full");
  });
});
