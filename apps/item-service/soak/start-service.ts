import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { callWithTimeout } from "@opentelemetry/core";

export interface SoakedService {
  readonly address: string;
  readonly adminUrl: string;
  /** Where its keys are. */
  readonly dataFolder: string;
  /** The inspectors of all its processes. */
  readonly inspectorUrls: readonly string[];
  /** What it has logged with level "error": the first lines of it. */
  readonly errorLines: readonly string[];
  /** Rejects when the service ends, whoever ends it. */
  readonly ended: Promise<never>;
  /** Tells it to end and removes what it leaves. Gives how it has ended, as "code 0". */
  stop(): Promise<string>;
}

const isFromSources = process.execArgv.includes("--conditions=@grpc-kit/source");
const main = fileURLToPath(
  new URL(isFromSources ? "../src/main.ts" : "../dist/main.js", import.meta.url),
);
const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;
const maxErrorLines = 20;

/** Starts the service on free ports and with a folder of its own, and else as the environment says. */
export async function startService(): Promise<SoakedService> {
  const dataFolder = await mkdtemp(join(tmpdir(), "soak-"));
  const child = spawn(process.execPath, [...process.execArgv, "--inspect=127.0.0.1:0", main], {
    env: {
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ...process.env,
      DATA_DIR: dataFolder,
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      ADMIN_HOST: "127.0.0.1",
      ADMIN_PORT: "0",
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A Ctrl-C is for the soak, which stops the service in the end.
    detached: true,
  });
  const exit = once(child, "exit").then(([code, signal]) => String(signal ?? `code ${code}`));
  const [inspectorUrls, errorLines]: [string[], string[]] = [[], []];
  const [address, adminUrl] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  let lastLine = "";
  createInterface(child.stdout).on("line", (line) => {
    const [, target] = /listens on ([^\s,]+)/.exec(line) ?? [];
    const [, url] = /metrics are at (\S+)\/metrics/.exec(line) ?? [];
    if (target !== undefined) {
      address.resolve(target);
    }
    if (url !== undefined) {
      adminUrl.resolve(url);
    }
  });
  createInterface(child.stderr).on("line", (line) => {
    lastLine = line;
    const [, url] = /^Debugger listening on (ws:\S+)/.exec(line) ?? [];
    if (url !== undefined) {
      inspectorUrls.push(url);
    }
    if (line.includes('"level":"error"') && errorLines.length < maxErrorLines) {
      errorLines.push(line);
    }
  });
  const ended = exit.then((how): never => {
    throw new Error(`the service has ended with ${how}: ${lastLine}`);
  });
  // Of use while somebody waits for something else.
  ended.catch(() => {});
  const stop = async (): Promise<string> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    const how = await exit;
    clearTimeout(timer);
    await rm(dataFolder, { recursive: true, force: true });
    return how;
  };
  try {
    const listening = Promise.all([address.promise, adminUrl.promise]);
    const [target, url] = await callWithTimeout(Promise.race([listening, ended]), startTimeoutMs);
    return { address: target, adminUrl: url, dataFolder, inspectorUrls, errorLines, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
