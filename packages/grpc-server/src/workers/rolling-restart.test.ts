import { rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { failSwitch } from "../../test/workers/fail-switch.ts";
import {
  answering,
  call,
  connectTo,
  type Fact,
  portOf,
  runProgram,
  startedPids,
} from "../../test/workers/run-program.ts";

function exitsOf(facts: readonly Fact[]): object[] {
  const exits = facts.filter(({ type }) => type === "worker_exited");
  return exits.map(({ pid, code, expected }) => ({ pid, code, expected }));
}

describe("SIGHUP", () => {
  it("G1: replaces all workers under load without a lost call", async () => {
    const program = runProgram({ options: { maxWorkers: 2 } });
    const port = await portOf(program, 2);
    const old = startedPids(program.facts);
    const clients = Array.from({ length: 8 }, () => connectTo(port));
    const servedBy = new Set<number>();
    const lost: unknown[] = [];
    let calls = 0;
    let isOver = false;
    const load = Array.from({ length: 16 }, async (_, index) => {
      const client = clients[index % clients.length] as (typeof clients)[number];
      while (!isOver) {
        await call(client, "slow").then(
          (pid) => servedBy.add(pid),
          (error) => lost.push(error),
        );
        calls += 1;
      }
    });
    await delay(100);
    program.signal("SIGHUP");
    await program.told("restart_finished");
    isOver = true;
    await Promise.all(load);
    expect(lost).toEqual([]);
    expect(calls).toBeGreaterThan(100);
    const renewed = startedPids(program.facts).slice(2);
    expect(await answering(port, 2)).toEqual(new Set(renewed));
    expect(renewed).toHaveLength(2);
    expect(exitsOf(program.facts)).toEqual(old.map((pid) => ({ pid, code: 0, expected: true })));
    // Both have served, the old ones before and the new ones after.
    expect(servedBy.size).toBeGreaterThan(2);
    program.signal("SIGTERM");
    const stopped = await program.told("stopped", 4);
    expect(stopped.map(({ isReplaced }) => isReplaced)).toEqual([true, true, false, false]);
  });

  it("loses no connection that comes while a worker leaves, however slow the first process is", async () => {
    const program = runProgram({
      options: { maxWorkers: 2 },
      // The connections come first, so that the first process sees them before it sees who has left.
      onStop: "linger",
      blocksOnReplacement: true,
    });
    const port = await portOf(program, 2);
    program.signal("SIGHUP");
    for (const worker of [1, 2]) {
      await program.told("blocked", worker);
      const clients = Array.from({ length: 10 }, () => connectTo(port));
      await Promise.all(clients.map((client) => call(client)));
    }
    await program.told("restart_finished");
  });

  it("keeps the old workers when a new one does not become ready", async () => {
    const fails = failSwitch();
    const program = runProgram({ options: { maxWorkers: 1 }, failsIfExists: fails });
    const port = await portOf(program, 1);
    const old = new Set(startedPids(program.facts));
    writeFileSync(fails, "");
    program.signal("SIGHUP");
    await program.told("restart_failed");
    expect(await answering(port, 1)).toEqual(old);
    rmSync(fails);
    program.signal("SIGHUP");
    await program.told("restart_finished");
    const renewed = await answering(port, 1);
    expect([...renewed].filter((pid) => old.has(pid))).toEqual([]);
  });

  it("restarts once more when it comes meanwhile, however often", async () => {
    const program = runProgram({ options: { maxWorkers: 1 } });
    const port = await portOf(program, 1);
    program.signal("SIGHUP");
    await program.told("restart_started");
    program.signal("SIGHUP");
    await delay(10);
    program.signal("SIGHUP");
    await program.told("restart_finished", 2);
    expect(startedPids(program.facts)).toHaveLength(3);
    expect(await answering(port, 1)).toEqual(new Set(startedPids(program.facts).slice(2)));
  });

  it("does not wait for the backoff of a worker that has crashed", async () => {
    const restartBackoff = { initialMs: 1_000 };
    const program = runProgram({ options: { maxWorkers: 1, restartBackoff } });
    const port = await portOf(program, 1);
    process.kill(await call(connectTo(port)), "SIGKILL");
    await program.told("worker_replaced");
    program.signal("SIGHUP");
    await program.told("restart_finished");
    const pids = startedPids(program.facts);
    expect(pids).toHaveLength(2);
    // The backoff is over, and finds the place taken.
    await delay(1_200);
    expect(startedPids(program.facts)).toEqual(pids);
  });

  it("G6: gives way to SIGTERM while a new worker starts", async () => {
    const program = runProgram({ options: { maxWorkers: 1 } });
    await program.told("worker_ready");
    program.signal("SIGHUP");
    await program.told("worker_started", 2);
    program.signal("SIGTERM");
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.facts.filter(({ type }) => type === "restart_failed")).toEqual([]);
  });

  it("G6: gives way to SIGTERM while an old worker stops", async () => {
    const program = runProgram({ options: { maxWorkers: 2 } });
    const port = await portOf(program, 2);
    const clients = [connectTo(port), connectTo(port)];
    await Promise.all(clients.map((client) => call(client)));
    const running = clients.map((client) => call(client, "wait"));
    await Promise.all(clients.map((client) => call(client)));
    program.signal("SIGHUP");
    await program.told("worker_ready", 3);
    program.signal("SIGTERM");
    await Promise.all(running);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(startedPids(program.facts)).toHaveLength(3);
  });
});
