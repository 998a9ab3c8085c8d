import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Takes what is to be done at the end of a test, or of a file: `onTestFinished`. */
export type OnEnd = (cleanup: () => void | Promise<void>) => void;

export interface Program {
  /** All that it has written to stdout and stderr. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  /** Asked again and again, with all that the program has written, until it is. */
  isReady(output: string): boolean | Promise<boolean>;
  readonly onEnd: OnEnd;
}

/** Starts a program. Rejects if it ends before it is ready. */
export async function startProgram(
  file: string,
  args: readonly string[],
  { isReady, onEnd }: ProgramOptions,
): Promise<Program> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "exit");
  const kill = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  // However the tests end, it does not outlive them.
  const killAtExit = (): void => kill("SIGKILL");
  process.once("exit", killAtExit);
  onEnd(async () => {
    kill("SIGTERM");
    await exit;
    process.off("exit", killAtExit);
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  while (!(await isReady(output))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${file} has ended before it was ready: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { output: () => output, kill };
}

export function temporaryFolder(onEnd: OnEnd): string {
  const folder = mkdtempSync(join(tmpdir(), "deployments-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A port that nobody listens on. It is below those that the system gives to outgoing connections, so that it
 * stays free until somebody listens on it.
 */
export async function findPort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = createServer().listen(port, host);
    try {
      await once(server, "listening");
      server.close();
      await once(server, "close");
      return port;
    } catch {
      // It is taken.
    }
  }
}

/** What ends in the reverse order of its start. */
export function createCleanups(): { readonly add: OnEnd; run(): Promise<void> } {
  const cleanups: (() => void | Promise<void>)[] = [];
  return {
    add: (cleanup) => {
      cleanups.push(cleanup);
    },
    async run() {
      for (const cleanup of cleanups.toReversed()) {
        await cleanup();
      }
    },
  };
}
