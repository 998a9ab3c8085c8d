import { describe, expect, it } from "vitest";
import {
  call,
  connectTo,
  type Program,
  portOf,
  runProgram,
} from "../../test/workers/run-program.ts";
import type { StatusSnapshot } from "../admin-port/status-snapshot.ts";

async function ask(program: Program, path: string): Promise<Response> {
  const [listening] = await program.told("metrics_listening");
  return fetch(`http://127.0.0.1:${listening?.port}${path}`);
}

async function statusOf(program: Program): Promise<StatusSnapshot> {
  return (await (await ask(program, "/status.json")).json()) as StatusSnapshot;
}

describe("the admin port of workers", () => {
  it("shows all of them on one page", async () => {
    const metrics = { port: 0, title: "The shop", refreshMs: 50 };
    const program = runProgram({ options: { maxWorkers: 2, metrics } });
    const ready = await program.told("worker_ready", 2);
    const page = await ask(program, "/");
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toContain("<h1");

    const status = await statusOf(program);
    expect(status).toMatchObject({
      title: "The shop",
      isReady: true,
      pool: { running: 2, ready: 2, unanswered: 0 },
    });
    const shown = status.workers.map(({ pid }) => Number(pid));
    expect(new Set(shown)).toEqual(new Set(ready.map(({ pid }) => pid)));
    for (const { memoryBytes, eventLoopDelaySeconds, uptimeSeconds } of status.workers) {
      expect(memoryBytes).toBeGreaterThan(1_000_000);
      expect(eventLoopDelaySeconds).toBeGreaterThanOrEqual(0);
      expect(uptimeSeconds).toBeGreaterThan(0);
    }
    expect(await (await ask(program, "/metrics")).text()).toContain(
      `\ngrpc_kit_worker_resident_memory_bytes{pid="${shown[0]}"} `,
    );
  });

  it("forgets a worker that is gone, and counts the one in its place", async () => {
    const options = {
      ...{ maxWorkers: 1, restartBackoff: { initialMs: 10 } },
      metrics: { port: 0, refreshMs: 1 },
    };
    const program = runProgram({ options });
    const killed = await call(connectTo(await portOf(program, 1)));
    await ask(program, "/status.json");
    process.kill(killed, "SIGKILL");
    const [, next] = await program.told("worker_ready", 2);
    await expect
      .poll(() => statusOf(program))
      .toMatchObject({ workers: [{ pid: String(next?.pid) }], pool: { running: 1, ready: 1 } });
    expect((await statusOf(program)).pool?.restarts).toContainEqual({ cause: "crash", count: 1 });
  });

  it("is ready when a worker serves", async () => {
    const options = { maxWorkers: 1, explicitReady: true, metrics: { port: 0 } };
    const program = runProgram({ options, isReticent: true });
    await portOf(program, 1);
    expect((await ask(program, "/readyz")).status).toBe(503);
    expect((await ask(program, "/healthz")).status).toBe(200);
  });

  it.each([
    [0, 503],
    [1, 200],
  ])("heeds what workers say of themselves: %i", async (readiness, expected) => {
    const options = { maxWorkers: 2, metrics: { port: 0 } };
    const program = runProgram({ options, readiness });
    await program.told("worker_ready", 2);
    expect((await ask(program, "/readyz")).status).toBe(expected);
    expect((await statusOf(program)).isReady).toBe(expected === 200);
  });

  it("is ready as long as one worker says that it is", async () => {
    const options = { maxWorkers: 2, metrics: { port: 0 } };
    const program = runProgram({ options, readiness: "first" });
    await program.told("worker_ready", 2);
    expect((await ask(program, "/readyz")).status).toBe(200);
  });
});
