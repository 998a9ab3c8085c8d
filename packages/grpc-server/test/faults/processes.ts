import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { callFixture, createFixtureClient } from "@grpc-kit/testing";
import { beforeAll, expect, onTestFinished } from "vitest";
import type { GrpcServerOptions } from "../../src/server-options.ts";
import type { Command, ProcessStats } from "./server-process.ts";
import type { Calls } from "./victim-process.ts";

const mebibyte = 1024 * 1024;

export interface ServerProcess {
  readonly port: number;
  /** The process as it was before anybody called. */
  readonly before: ProcessStats;
  stats(): Promise<ProcessStats>;
  /** The errors that would have ended it; cheaper than all the rest. */
  fatal(): Promise<readonly string[]>;
  /** Checks that the same process still answers, and that nothing has happened that would have ended it. */
  isAlive(): Promise<ProcessStats>;
  /** Stops the server, and tells how many milliseconds that has taken. */
  stop(graceMs: number): Promise<number>;
}

/** Is given what must be done at the end. */
type AtTheEnd = (tidy: () => Promise<void>) => void;

function start(file: string, args: readonly string[], atTheEnd: AtTheEnd): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ["--expose-gc", "--conditions=@grpc-kit/source"],
    // It knows Infinity, and JSON does not.
    serialization: "advanced",
  });
  atTheEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
  return child;
}

/** Sends a command, one at a time, and settles with the answer. Rejects if the process ends instead. */
function asker(child: ChildProcess): <Reply>(command?: Command) => Promise<Reply> {
  const ended = new Promise<never>((_, reject) => {
    child.once("exit", (code, signal) => {
      reject(new Error(`the process has ended: ${code ?? signal}`));
    });
  });
  ended.catch(() => {});
  return async (command) => {
    const answer = once(child, "message");
    if (command !== undefined) {
      child.send(command);
    }
    const [message] = await Promise.race([answer, ended]);
    if (message.error !== undefined) {
      throw new Error(message.error);
    }
    return message;
  };
}

/** Starts something once for all tests of a file. */
export function shared<Value>(startIt: (atTheEnd: AtTheEnd) => Promise<Value>): () => Value {
  let started: { readonly value: Value } | undefined;
  beforeAll(async () => {
    const tidying: (() => Promise<void>)[] = [];
    started = { value: await startIt((tidy) => tidying.push(tidy)) };
    return () => Promise.all(tidying.map((tidy) => tidy()));
  });
  return () => {
    if (started === undefined) {
      throw new Error("only tests may use what they share");
    }
    return started.value;
  };
}

/** Serves the fixtures in a process of their own, the same for all tests of a file. */
export function sharedProcess(): () => ServerProcess {
  return shared((atTheEnd) => serveProcess({}, atTheEnd));
}

/** Serves the fixtures in a process of their own until the test ends. */
export async function serveProcess(
  options: Partial<GrpcServerOptions> = {},
  atTheEnd: AtTheEnd = onTestFinished,
): Promise<ServerProcess> {
  const child = start("./server-process.ts", [], atTheEnd);
  const ask = asker(child);
  const { port } = await ask<{ port: number }>({ start: options });
  const stats = async (): Promise<ProcessStats> => {
    const answer = await ask<{ stats: ProcessStats }>("stats");
    return answer.stats;
  };
  async function fatal(): Promise<readonly string[]> {
    const answer = await ask<{ fatal: readonly string[] }>("fatal");
    return answer.fatal;
  }
  async function isAlive(): Promise<ProcessStats> {
    const client = createFixtureClient(`127.0.0.1:${port}`);
    const { code, details } = await callFixture(client, "unary").outcome;
    client.close();
    expect([status[code], details]).toEqual(["OK", ""]);
    const now = await stats();
    expect(now.fatal).toEqual([]);
    return now;
  }
  async function stop(graceMs: number): Promise<number> {
    const { stoppedAfterMs } = await ask<{ stoppedAfterMs: number }>({ stopWithin: graceMs });
    return stoppedAfterMs;
  }
  return { port, before: await stats(), stats, fatal, isAlive, stop };
}

export interface Victim {
  /** How its calls have gone since this was asked before. */
  calls(): Promise<Calls>;
  /** The same, once it is sure that none has failed and none took long. */
  isWell(): Promise<Calls>;
}

/** Starts a polite client of 50 calls a second, and lets it find out how long they take in peace. */
export async function startVictim(
  port: number,
  atTheEnd: AtTheEnd = onTestFinished,
): Promise<Victim> {
  const child = start("./victim-process.ts", [String(port)], atTheEnd);
  const ask = asker(child);
  await ask();
  const since = (): Promise<Calls> => ask("stats");
  await delay(300);
  const baseline = await since();
  expect(baseline.failures).toEqual({});
  return {
    calls: since,
    async isWell() {
      const calls = await since();
      expect(calls.failures).toEqual({});
      expect(calls.count).toBeGreaterThan(0);
      expect(calls.p99Ms).toBeLessThan(Math.max(2_000, 5 * baseline.p99Ms));
      return calls;
    },
  };
}

/** How much more memory the process has had at its peak than at its start. */
export function grownMiB({ before }: ServerProcess, now: ProcessStats): number {
  return (now.maxRssBytes - before.rssBytes) / mebibyte;
}

/** How much the process keeps, that it did not have at its start. */
export function retainedMiB({ before }: ServerProcess, now: ProcessStats): number {
  return (now.retainedBytes - before.retainedBytes) / mebibyte;
}

/** Writes down what a test has measured. */
export function report(row: string, figures: Readonly<Record<string, unknown>>): void {
  const text = JSON.stringify(figures, (_key, value: unknown) =>
    typeof value === "number" ? Math.round(value * 10) / 10 : value,
  );
  process.stdout.write(`${row} ${text}\n`);
}

export function victimFigures({ count, p50Ms, p99Ms }: Calls): Record<string, number> {
  return { victimCalls: count, victimP50Ms: p50Ms, victimP99Ms: p99Ms };
}
