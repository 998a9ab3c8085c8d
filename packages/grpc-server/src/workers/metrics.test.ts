import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  call,
  connectTo,
  type Program,
  portOf,
  runProgram,
} from "../../test/workers/run-program.ts";

async function addressOf(program: Program): Promise<string> {
  const [listening] = await program.told("metrics_listening");
  return `http://127.0.0.1:${listening?.port}`;
}

async function scrape(program: Program): Promise<string> {
  const response = await fetch(`${await addressOf(program)}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  return response.text();
}

const options = { maxWorkers: 2, metrics: { port: 0 } };

describe("metrics", () => {
  it("add up those of all workers, with those of the pool", async () => {
    const program = runProgram({ options });
    const port = await portOf(program, 2);
    await program.told("worker_ready", 2);
    const clients = [connectTo(port), connectTo(port)] as const;
    const pids = [await call(clients[0]), await call(clients[1]), await call(clients[1])];
    expect(new Set(pids).size).toBe(2);
    const text = await scrape(program);
    expect(text).toContain("\ncalls_total 3\n");
    expect(text).toContain('\ncall_bytes_bucket{le="1"} 0\n');
    expect(text).toContain("\ncall_bytes_sum 9\n");
    expect(text).toContain("\nidle_ratio Nan\n");
    expect(text).toContain("\ngrpc_kit_server_connections 2\n");
    expect(text).toContain("\ngrpc_kit_server_handlers_limit 200\n");
    expect(text).toContain("\ngrpc_kit_workers_running 2\n");
    expect(text).toContain("\ngrpc_kit_workers_ready 2\n");
    expect(text).toContain("\ngrpc_kit_workers_unanswered 0\n");
    expect(text).toContain('\ngrpc_kit_worker_restarts_total{cause="crash"} 0\n');
  });

  it("never go down when workers crash or are replaced", async () => {
    const program = runProgram({ options: { ...options, restartBackoff: { initialMs: 10 } } });
    const port = await portOf(program, 2);
    const clients = [connectTo(port), connectTo(port)] as const;
    const killed = await call(clients[0]);
    await call(clients[1]);
    expect(await scrape(program)).toContain("\ncalls_total 2\n");
    process.kill(killed, "SIGKILL");
    await program.told("worker_ready", 3);
    await call(clients[1]);
    expect(await scrape(program)).toContain("\ncalls_total 3\n");
    await call(clients[1]);
    program.signal("SIGHUP");
    await program.told("restart_finished");
    const text = await scrape(program);
    expect(text).toContain("\ncalls_total 4\n");
    expect(text).toContain('\ngrpc_kit_worker_restarts_total{cause="crash"} 1\n');
    expect(text).toContain('\ngrpc_kit_worker_restarts_total{cause="rolling_restart"} 2\n');
    // Of five workers two are there.
    expect(text.match(/^grpc_kit_worker_cpu_seconds_total{/gm)).toHaveLength(2);
  });

  it("do not wait for a worker that does not answer", async () => {
    const program = runProgram({ options: { ...options, metrics: { port: 0, timeoutMs: 200 } } });
    const port = await portOf(program, 2);
    const clients = [connectTo(port), connectTo(port)] as const;
    await call(clients[0]);
    await call(clients[1]);
    await scrape(program);
    const blocked = call(clients[0], "block");
    await delay(100);
    await call(clients[1]);
    const text = await scrape(program);
    expect(text).toContain("\ngrpc_kit_workers_unanswered 1\n");
    expect(text).toContain("\ncalls_total 3\n");
    await blocked;
    expect(await scrape(program)).toContain("\ncalls_total 4\n");
  });

  it("that a worker cannot tell are reported, and cost only themselves", async () => {
    const program = runProgram({ options: { ...options, maxWorkers: 1 }, hidesMetrics: true });
    const { pid } = (await program.told("worker_ready"))[0] ?? {};
    const text = await scrape(program);
    expect(text).toContain("\ngrpc_kit_workers_running 1\n");
    expect(text).not.toContain("calls_total");
    const [failed] = await program.told("metrics_failed");
    expect(failed?.error).toBe(`Error: worker ${pid}: Error: hidden on purpose`);
  });

  it("are served to GET only", async () => {
    const program = runProgram({ options: { ...options, maxWorkers: 1 } });
    const address = await addressOf(program);
    expect((await fetch(`${address}/nothing`)).status).toBe(404);
    const posted = await fetch(`${address}/metrics`, { method: "POST", body: "x" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await fetch(`${address}/metrics?x=1`, { method: "HEAD" })).status).toBe(200);
  });

  it("end the program when their port is taken", async () => {
    const first = runProgram({ options: { ...options, maxWorkers: 1 } });
    const [listening] = await first.told("metrics_listening");
    const port = listening?.port ?? 0;
    const second = runProgram({ options: { ...options, metrics: { port } } });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr()).toContain(
      `cannot serve metrics on 127.0.0.1:${port}: listen EADDRINUSE`,
    );
  });
});
