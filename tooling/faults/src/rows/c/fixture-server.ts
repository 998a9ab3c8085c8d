import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { sourceCondition } from "../../harness/child-options.ts";
import type { Harness } from "../../harness/harness.ts";
import type { FixturePorts } from "./fixture-process.ts";

export interface FixtureServer extends FixturePorts {
  readonly host: string;
  /** Whether it runs: an error that nobody catches would have ended it. */
  isAlive(): boolean;
  /** All that it has written to stderr. */
  output(): string;
}

/** Starts grpc-server with the standard interceptors, and handlers that fail as they are told, until the row ends. */
export async function startFixtureServer(harness: Harness): Promise<FixtureServer> {
  const child = fork(fileURLToPath(new URL("./fixture-process.ts", import.meta.url)), [], {
    execArgv: [...sourceCondition],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const exited = once(child, "exit");
  harness.onEnd(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const failed = exited.then(() => {
    throw new Error(`the fixture server has ended before it listened: ${output}`);
  });
  failed.catch(() => {});
  const [ports] = (await Promise.race([once(child, "message"), failed])) as [FixturePorts];
  return {
    ...ports,
    host: "127.0.0.1",
    isAlive: () => child.exitCode === null && child.signalCode === null,
    output: () => output,
  };
}
