import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { temporaryFolder } from "./serve.ts";
import { tokenFor } from "./tokens.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The arguments of Node.js that run the service as it is built, and as its sources have it. */
export const built: readonly string[] = [path("../dist/main.js")];
export const sources: readonly string[] = ["--conditions=@grpc-kit/source", path("../src/main.ts")];

export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly address: string;
  /** Has both scopes, as long as the service has no AUTH_ settings. */
  readonly token: string;
  readonly dataFolder: string;
  output(): string;
  stderr(): string;
}

/**
 * Starts the service as a process of its own. It has a data folder of its own, and its database and its
 * keys there, unless `env` has a DATA_DIR that it shares with others.
 */
export async function startProcess(
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = built,
): Promise<ServiceProcess> {
  const dataFolder = env.DATA_DIR ?? temporaryFolder();
  const child = spawn(process.execPath, args, {
    env: {
      ...process.env,
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ADMIN_PORT: "0",
      DATA_DIR: dataFolder,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  let [output, errors] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const failed = exit.then(([code]) => {
    throw new Error(`the service has ended with ${code}: ${errors}`);
  });
  const greeted = expect.poll(() => output, { timeout: 20_000 }).toContain("npm run demo");
  await Promise.race([greeted, failed]);
  const token = await tokenFor(dataFolder);
  const address = /listens on (\S+)/.exec(output)?.[1]?.replace(",", "") ?? "";
  return { child, address, token, dataFolder, output: () => output, stderr: () => errors };
}
