import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";

/** A service in a process of its own. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** "127.0.0.1:50051" */
  readonly address: string;
  /** Of the admin port: "http://127.0.0.1:9464". */
  readonly adminUrl: string;
  /** What it has printed. */
  output(): string;
  /** The lines of its log. */
  log(): readonly LogLine[];
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

export interface LogLine {
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "stock-watcher-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the item service on a data folder; on a free port, unless `env` names one. */
export function startItemService(
  dataFolder: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ServiceProcess> {
  return startProcess("../../item-service/dist/main.js", { DATA_DIR: dataFolder, ...env });
}

/** Starts the watcher of `stock.jsonl` in the data folder, beside the item service at `address`. */
export function startWatcher(
  dataFolder: string,
  { address }: { readonly address: string },
  env: NodeJS.ProcessEnv = {},
): Promise<ServiceProcess> {
  return startProcess("../dist/main.js", {
    DATA_DIR: dataFolder,
    ITEM_SERVICE_ADDRESS: address,
    ...env,
  });
}

/** The program, with ports that are free, and `env` over the defaults. */
export function spawnNode(main: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL(main, import.meta.url))], {
    env: {
      ...process.env,
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ADMIN_PORT: "0",
      LOG_LEVEL: "debug",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function startProcess(main: string, env: NodeJS.ProcessEnv): Promise<ServiceProcess> {
  const child = spawnNode(main, env);
  const exit = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exit;
  };
  onTestFinished(kill);
  let [output, errors] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  const found = (pattern: RegExp) => pattern.exec(output)?.[1];
  await expect
    .poll(() => found(/ at (http\S+?)\/?\s/) ?? errors, { timeout: 20_000 })
    .toMatch(/^http:/);
  return {
    child,
    address: found(/listens on ([\d.:]+)/) ?? "",
    adminUrl: found(/ at (http\S+?)\/?\s/) ?? "",
    output: () => output,
    // The last one may not be whole yet.
    log: () =>
      errors
        .split("\n")
        .slice(0, -1)
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)),
    kill,
  };
}

/** The value of a metric, of the one with these labels. Undefined if there is none. */
export async function metricOf(
  { adminUrl }: Pick<ServiceProcess, "adminUrl">,
  name: string,
  ...labels: readonly string[]
): Promise<number | undefined> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  const line = lines.find((each) => labels.every((label) => each.includes(label)));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}
