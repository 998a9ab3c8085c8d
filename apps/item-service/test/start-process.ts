import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { temporaryFolder } from "./serve.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The arguments of Node.js that run the service as it is built, and as its sources have it. */
export const built: readonly string[] = [path("../dist/main.js")];
export const sources: readonly string[] = ["--conditions=@grpc-kit/source", path("../src/main.ts")];

export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly address: string;
  output(): string;
  stderr(): string;
}

/** Starts the service as a process of its own, with a new database unless `env` names one. */
export async function startProcess(
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = built,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, args, {
    env: {
      ...process.env,
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ADMIN_PORT: "0",
      DATABASE_URL: `sqlite:${join(temporaryFolder(), "data", "items.db")}`,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [output, errors] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  await expect.poll(() => output, { timeout: 20_000 }).toContain("npm run demo");
  const address = /listens on (\S+)/.exec(output)?.[1]?.replace(",", "") ?? "";
  return { child, address, output: () => output, stderr: () => errors };
}
