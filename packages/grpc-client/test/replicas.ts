import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const program = fileURLToPath(new URL("replica-program.ts", import.meta.url));

/** A server in a process of its own. */
export interface Replica {
  readonly target: string;
  /** How long it takes to answer, from now on. */
  slow(delayMs: number): void;
  /** Ends it without a word. */
  kill(): Promise<void>;
  /** Starts it again, on the same port, after `kill`. */
  restart(): Promise<void>;
  /** It says nothing any more, and its connections stay. */
  freeze(): void;
  thaw(): void;
}

export interface Replicas {
  readonly all: readonly [Replica, Replica, Replica];
  readonly targets: readonly string[];
  /** The texts of the requests that they have begun to serve. */
  executed(): readonly string[];
}

/** Three servers of the fixture service. They stop with the test. */
export async function startReplicas(delayMs = 0): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-replicas-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "executed");
  const start = (): Promise<Replica> => startReplica(file, delayMs);
  const all = [await start(), await start(), await start()] as const;
  return {
    all,
    targets: all.map(({ target }) => target),
    executed: () => readFileSync(file, "utf8").split("\n").slice(0, -1),
  };
}

async function startReplica(file: string, firstDelayMs: number): Promise<Replica> {
  let delayMs = firstDelayMs;
  let child = await run("0");
  onTestFinished(() => void child.process.kill("SIGKILL"));

  async function run(wanted: string): Promise<{ process: ChildProcess; port: string }> {
    const execArgv = ["--conditions=@grpc-kit/source"];
    const process = fork(program, [wanted, file], { execArgv });
    const [{ port }] = (await once(process, "message")) as [{ port: number }];
    process.send({ delayMs });
    return { process, port: String(port) };
  }

  return {
    target: `127.0.0.1:${child.port}`,
    slow(wanted) {
      delayMs = wanted;
      child.process.send({ delayMs });
    },
    async kill() {
      const exited = once(child.process, "exit");
      child.process.kill("SIGKILL");
      await exited;
    },
    async restart() {
      child = await run(child.port);
    },
    freeze: () => void child.process.kill("SIGSTOP"),
    thaw: () => void child.process.kill("SIGCONT"),
  };
}
