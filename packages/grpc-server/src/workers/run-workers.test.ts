import { existsSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { failSwitch } from "../../test/workers/fail-switch.ts";
import {
  answering,
  call,
  connectTo,
  portOf,
  runProgram,
  startedPids,
} from "../../test/workers/run-program.ts";

const soon = { initialMs: 10, maxMs: 20 };

describe("workers", () => {
  it("share a port, in turns", async () => {
    const program = runProgram({ options: { maxWorkers: 3 } });
    const port = await portOf(program, 3);
    expect(await answering(port, 3)).toEqual(new Set(startedPids(program.facts)));
  });

  it("are replaced when they crash, and the others serve on", async () => {
    const program = runProgram({ options: { maxWorkers: 2, restartBackoff: soon } });
    const port = await portOf(program, 2);
    const [first, second] = [connectTo(port), connectTo(port)];
    const [killed, other] = [await call(first), await call(second)];
    expect(killed).not.toBe(other);
    process.kill(killed, "SIGKILL");
    await program.told("worker_ready", 3);
    expect(await call(second)).toBe(other);
    const replacement = startedPids(program.facts).at(-1);
    expect(await answering(port, 2)).toEqual(new Set([other, replacement]));
    expect(program.facts).toContainEqual({
      type: "worker_exited",
      pid: killed,
      code: null,
      signal: "SIGKILL",
      expected: false,
    });
    await expect(call(connectTo(port), "exit")).rejects.toThrow("UNAVAILABLE");
    await program.told("worker_ready", 4);
    expect(await answering(port, 2)).toHaveProperty("size", 2);
  });

  it.each([
    ["throwing", 2, "exited with code 1", "Error: broken on purpose"],
    ["settling", 2, "exited with code 1", "Error: main must serve until SIGTERM"],
    ["hanging", 1, "was not ready after 800 ms", ""],
  ] as const)(
    "that fail to start again and again, by %s, end the program",
    async (failsBy, maxStartFailures, how, cause) => {
      const fails = failSwitch();
      writeFileSync(fails, "");
      const program = runProgram({
        options: {
          maxWorkers: 1,
          restartBackoff: soon,
          // Of the others the start alone may take longer on a busy machine.
          readyTimeoutMs: failsBy === "hanging" ? 800 : 60_000,
          maxStartFailures,
        },
        failsIfExists: fails,
        ...(failsBy === "throwing" ? {} : { failsBy }),
      });
      expect(await program.ended).toEqual({ code: 1, signal: null });
      expect(program.stderr()).toContain(
        `a worker did not become ready ${maxStartFailures} times in a row; the last one ${how}`,
      );
      expect(program.stderr()).toContain(cause);
      expect(startedPids(program.facts)).toHaveLength(maxStartFailures);
    },
  );

  it("that listen but do not say that they are ready are not, with explicitReady", async () => {
    const options = {
      maxWorkers: 1,
      explicitReady: true,
      readyTimeoutMs: 5_000,
      maxStartFailures: 1,
    };
    const program = runProgram({ options, isReticent: true });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(await program.told("serving")).toHaveLength(1);
    expect(program.stderr()).toContain("the last one was not ready after 5000 ms");
  });

  it("that cannot be started end the program", async () => {
    const options = { maxWorkers: 2, restartBackoff: soon };
    const program = runProgram({ options, execPath: join(tmpdir(), "no-such-program") });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.stderr()).toContain("the last one could not be started: Error: spawn");
  });

  it("that fail to start do not end a program that serves", async () => {
    const fails = failSwitch();
    const options = { maxWorkers: 2, restartBackoff: soon, maxStartFailures: 1 };
    const program = runProgram({ options, failsIfExists: fails });
    const port = await portOf(program, 2);
    writeFileSync(fails, "");
    const client = connectTo(port);
    const other = connectTo(port);
    process.kill(await call(client), "SIGKILL");
    await program.told("worker_exited", 3);
    expect(existsSync(fails)).toBe(true);
    await call(other);
    rmSync(fails);
    await program.told("worker_ready", 3);
    expect(await answering(port, 2)).toHaveProperty("size", 2);
  });
});

describe("SIGTERM", () => {
  it("lets the running calls of all workers end, and ends the program with 0", async () => {
    const program = runProgram({ options: { maxWorkers: 2 } });
    const port = await portOf(program, 2);
    const clients = [connectTo(port), connectTo(port)];
    await Promise.all(clients.map((client) => call(client)));
    const running = clients.map((client) => call(client, "wait"));
    // On the same connections: when they are answered, those before have arrived.
    await Promise.all(clients.map((client) => call(client)));
    program.signal("SIGTERM");
    expect(new Set(await Promise.all(running)).size).toBe(2);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.facts.filter(({ type }) => type === "stopped")).toHaveLength(2);
  });

  it("is like SIGINT to all processes, which is one signal to each", async () => {
    const program = runProgram({ options: { maxWorkers: 2 } });
    const port = await portOf(program, 2);
    const client = connectTo(port);
    await call(client);
    const running = call(client, "wait");
    await call(client);
    process.kill(-program.primary.pid, "SIGINT");
    await running;
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.facts.filter(({ type }) => type === "stopped")).toHaveLength(2);
  });

  it("G6: forces when it comes twice", async () => {
    const program = runProgram({
      options: { maxWorkers: 1, explicitReady: true },
      onStop: "ignore",
    });
    await program.told("worker_ready");
    program.signal("SIGTERM");
    await program.told("stop_started");
    const start = performance.now();
    program.signal("SIGTERM");
    expect(await program.ended).toEqual({ code: 143, signal: null });
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it("kills workers that do not stop in time, and says so", async () => {
    const program = runProgram({
      options: { maxWorkers: 1, stopTimeoutMs: 300 },
      onStop: "ignore",
    });
    await program.told("worker_ready");
    program.signal("SIGTERM");
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.stderr()).toContain("workers must stop within stopTimeoutMs, had to kill 1");
  });

  it.each([0, 60_000])("ends workers that load for %i ms", async (loadsForMs) => {
    const program = runProgram({ options: { maxWorkers: 2 }, loadsForMs });
    await program.told("worker_started", 2);
    program.signal("SIGTERM");
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });
});

describe("the first process's death", () => {
  it("ends the workers, once their calls have ended", async () => {
    const program = runProgram({ options: { maxWorkers: 1 } });
    const port = await portOf(program, 1);
    const client = connectTo(port);
    await call(client);
    const running = call(client, "wait");
    await call(client);
    program.signal("SIGKILL");
    await running;
    await program.ended;
  });

  it("ends workers that do not stop by themselves", async () => {
    const program = runProgram({
      options: { maxWorkers: 1, stopTimeoutMs: 300 },
      onStop: "ignore",
    });
    await program.told("worker_ready");
    program.signal("SIGKILL");
    await program.ended;
  });
});
