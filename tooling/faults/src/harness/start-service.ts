import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntilServing } from "./calls.ts";
import { keepOutput } from "./kept-output.ts";
import { fetchMetrics } from "./metrics.ts";
import { createProbe } from "./probe-client.ts";
import type { Service, ServiceOptions } from "./service.ts";
import { itemServiceMain, type TokenSource } from "./token-source.ts";

const probeUrl = new URL("./probe.ts", import.meta.url).href;
const probeFlags = ["--expose-gc", "--no-warnings", "--import", probeUrl];

/** Starts item-service as it is built, and resolves once it listens, or serves. Rejects with its output if it ends before. */
export async function startService(
  tokens: TokenSource,
  { env, until = "serving", tls }: ServiceOptions,
): Promise<Service> {
  const dataFolder = mkdtempSync(join(tmpdir(), "faults-service-"));
  cpSync(tokens.keysFolder, join(dataFolder, "development-keys"), { recursive: true });
  const child = fork(itemServiceMain, ["serve"], {
    env: {
      ...process.env,
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ADMIN_PORT: "0",
      DATA_DIR: dataFolder,
      ...env,
    },
    execArgv: probeFlags,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const output = keepOutput();
  const addresses = Promise.withResolvers<readonly [address: string, adminUrl: string]>();
  let isStarting = true;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      output.add(chunk);
      if (!isStarting) {
        return;
      }
      const address = /listens on ([^\s,]+)/.exec(output.text())?.[1];
      const adminUrl = /metrics are at (\S+)\/metrics/.exec(output.text())?.[1];
      if (address !== undefined && adminUrl !== undefined) {
        isStarting = false;
        addresses.resolve([address, adminUrl]);
      }
    });
  }
  const ended = endOf(child, dataFolder);
  const failed = ended.then((code) => {
    throw new Error(`item-service has ended with ${code} before it served: ${output.text()}`);
  });
  const [address, adminUrl] = await Promise.race([addresses.promise, failed]);
  // It ends some day, and nobody waits for that here.
  failed.catch(() => {});
  const ask = createProbe(child);
  let isDismissed = false;
  const kill = (signal: NodeJS.Signals): void => {
    isDismissed = true;
    child.kill(signal);
  };
  const service: Service = {
    address,
    host: address.slice(0, address.lastIndexOf(":")),
    port: Number(address.slice(address.lastIndexOf(":") + 1)),
    adminUrl,
    pid: child.pid ?? 0,
    dataFolder,
    tls,
    token: (scopes) => tokens.token(scopes),
    probe: () => ask("state"),
    resetPeaks: () => ask("reset-peaks"),
    collectGarbage: () => ask("collect-garbage"),
    metrics: () => fetchMetrics(adminUrl),
    output: (from) => output.text(from),
    outputLength: () => output.length(),
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    get isDismissed() {
      return isDismissed;
    },
    kill,
    stop() {
      // A second SIGTERM would end it at once.
      if (!isDismissed) {
        kill("SIGTERM");
      }
      return ended;
    },
  };
  if (until === "serving") {
    try {
      await Promise.race([waitUntilServing(service), failed]);
    } catch (error) {
      kill("SIGKILL");
      throw error;
    }
  }
  return service;
}

/** However the suite ends, the process does not outlive it; and its folder is gone with it. */
async function endOf(child: ChildProcess, dataFolder: string): Promise<number | null> {
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const [code] = await once(child, "close");
  process.off("exit", killAtExit);
  rmSync(dataFolder, { recursive: true, force: true });
  return code;
}
