import { expect } from "vitest";
import { type ServiceProcess, sources, startProcess } from "../start-process.ts";

/** Two worker processes that share a port, and what their first process tells of them. */
export interface ItemWorkers extends ServiceProcess {
  /** How many workers have been started in the place of others. */
  restarts(cause: "crash" | "rolling_restart"): Promise<number>;
  /** How many calls of a method have ended with a code, as Go has it. */
  handled(method: string, code: string): Promise<number>;
  /** Of the workers. */
  pids(): Promise<readonly number[]>;
  /** Settles when both workers serve, and those before them have gone. */
  ready(): Promise<void>;
}

/** Starts the service with two workers. */
export async function startWorkers(): Promise<ItemWorkers> {
  const env = { GRPC_SERVER_MAX_WORKERS: "2", LOG_LEVEL: "error" };
  const service = await startProcess(env, sources);
  const metricsUrl = () => /metrics are at (\S+)/.exec(service.output())?.[1];
  await expect.poll(metricsUrl).toBeDefined();

  /** The labels and the values of all samples of a metric. */
  async function samples(name: string): Promise<readonly (readonly [string, number])[]> {
    const signal = AbortSignal.timeout(10_000);
    const text = await (await fetch(metricsUrl() ?? "", { signal })).text();
    const lines = text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, "gm"));
    return Array.from(lines, ([, labels = "", value]) => [labels, Number(value)]);
  }
  async function sum(name: string, ...labels: readonly string[]): Promise<number> {
    const wanted = (await samples(name)).filter(([has]) =>
      labels.every((label) => has.includes(label)),
    );
    return wanted.reduce((total, [, value]) => total + value, 0);
  }
  // Those that are replaced run until their last call has ended.
  const ready = async (): Promise<void> => {
    for (const name of ["grpc_kit_workers_running", "grpc_kit_workers_ready"]) {
      await expect.poll(() => sum(name), { timeout: 30_000 }).toBe(2);
    }
  };

  await ready();
  return {
    ...service,
    ready,
    restarts: (cause) => sum("grpc_kit_worker_restarts_total", `cause="${cause}"`),
    handled: (method, code) =>
      sum("grpc_server_handled_total", `grpc_method="${method}"`, `grpc_code="${code}"`),
    async pids() {
      const uptimes = await samples("grpc_kit_worker_uptime_seconds");
      return uptimes.map(([labels]) => Number(/pid="(\d+)"/.exec(labels)?.[1]));
    },
  };
}
