import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createFixtureClient } from "@grpc-kit/testing";
import type { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { expect, onTestFinished } from "vitest";
import type { ProgramSettings } from "./program.ts";

/** What the program's processes write, one a line: events, and what workers tell of themselves. */
export interface Fact {
  readonly type: string;
  readonly pid?: number;
  readonly port?: number;
  readonly [key: string]: unknown;
}

export interface Program {
  readonly primary: ChildProcess & { readonly pid: number };
  readonly facts: readonly Fact[];
  /** The facts of a type, once there are as many. */
  told(type: string, count?: number): Promise<readonly Fact[]>;
  stderr(): string;
  /** How the first process ended, once all of them are gone: none holds the pipes any more. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts the program; kills what is left of it when the test ends. */
export function runProgram(settings: ProgramSettings): Program {
  const primary = spawn(
    process.execPath,
    ["--conditions=@grpc-kit/source", fileURLToPath(new URL("program.ts", import.meta.url))],
    {
      env: {
        ...process.env,
        PROGRAM_SETTINGS: JSON.stringify(settings),
        // Saves most of the start of a process that runs TypeScript, and there are many.
        NODE_COMPILE_CACHE: join(tmpdir(), "grpc-kit-compile-cache"),
      },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that a test can signal all of its processes as a terminal does.
      detached: true,
    },
  ) as Program["primary"] & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream };
  const facts: Fact[] = [];
  let stderr = "";
  createInterface({ input: primary.stdout }).on("line", (line) => facts.push(JSON.parse(line)));
  primary.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(primary, "close").then(([code, signal]) => ({ code, signal }));
  onTestFinished(async () => {
    try {
      process.kill(-primary.pid, "SIGKILL");
    } catch {
      // They are all gone.
    }
    await ended;
  });
  return {
    primary,
    facts,
    async told(type, count = 1) {
      const found = () => facts.filter((fact) => fact.type === type);
      const told = expect.poll(() => found().length, { timeout: 15_000 });
      await told.toBeGreaterThanOrEqual(count).catch((cause) => {
        throw new Error(`${type} ×${count}: ${JSON.stringify(facts)}\n${stderr}`, { cause });
      });
      return found();
    },
    stderr: () => stderr,
    ended,
    signal: (signal) => void primary.kill(signal),
  };
}

/** The processes of all workers that were ever started. */
export function startedPids(facts: readonly Fact[]): number[] {
  return facts.flatMap(({ type, pid }) => (type === "worker_started" && pid ? [pid] : []));
}

/** The port that the workers share. */
export async function portOf(program: Program, workers: number): Promise<number> {
  const serving = await program.told("serving", workers);
  expect(new Set(serving.map(({ port }) => port)).size).toBe(1);
  return serving[0]?.port ?? 0;
}

/** A client with a connection of its own. */
export function connectTo(port: number): FixtureServiceClient {
  const client = createFixtureClient(`127.0.0.1:${port}`);
  onTestFinished(() => client.close());
  return client;
}

/** Calls a worker, and settles with its process id. */
export function call(client: FixtureServiceClient, text = "pid"): Promise<number> {
  return new Promise((resolve, reject) => {
    client.unary(Envelope.create({ text }), (error, reply) => {
      if (error) {
        reject(error);
      } else {
        resolve(Number(reply.text));
      }
    });
  });
}

/** The process ids of those that answer on as many new connections. */
export async function answering(port: number, connections: number): Promise<Set<number>> {
  const clients = Array.from({ length: connections }, () => connectTo(port));
  return new Set(await Promise.all(clients.map((client) => call(client))));
}
