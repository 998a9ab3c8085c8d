import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export interface ServerProcess {
  readonly child: ChildProcess;
  /** What it has printed. */
  readonly lines: Record<string, unknown>[];
  /** Settles with the first line that has this key. */
  line(key: string): Promise<Record<string, unknown>>;
  /** Settles with its exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
}

export interface ServerProcessOptions {
  readonly port?: number;
  readonly drainDelayMs?: number;
  readonly graceMs?: number;
  readonly slowStart?: boolean;
}

const file = fileURLToPath(new URL("server-process.ts", import.meta.url));

/** Starts a server in a process of its own, which ends with the test. */
export function spawnServer(options: ServerProcessOptions = {}): ServerProcess {
  const argument = JSON.stringify({ port: 0, drainDelayMs: 0, graceMs: 5_000, ...options });
  const child = spawn(process.execPath, ["--conditions=@grpc-kit/source", file, argument], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: Record<string, unknown>[] = [];
  const waiting = new Map<string, (line: Record<string, unknown>) => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line: Record<string, unknown> = JSON.parse(text);
    lines.push(line);
    for (const key of Object.keys(line)) {
      waiting.get(key)?.(line);
    }
  });
  return {
    child,
    lines,
    line(key) {
      const seen = lines.find((line) => key in line);
      return seen === undefined
        ? new Promise((resolve) => void waiting.set(key, resolve))
        : Promise.resolve(seen);
    },
    exit: once(child, "close").then(([code, signal]) => code ?? signal),
  };
}
