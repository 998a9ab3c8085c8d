import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program as it is built: `node <main> serve`, `node <main> probe …`. */
export const main: string = fileURLToPath(
  new URL("../../../apps/item-service/dist/main.js", import.meta.url),
);

export interface ItemServiceOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Default: 0, a free one. */
  readonly adminPort?: number | undefined;
  /** Goes over all else. GRPC_SERVER_DRAIN_DELAY_MS is 0 if it does not say otherwise. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * Where its keys are, and its items if DATABASE_URL does not say otherwise. Those that share it take each
   * other's tokens. Default: a folder of its own, which is gone after `stop()`.
   */
  readonly dataFolder?: string | undefined;
}

export interface ItemServiceProcess {
  /** As in "127.0.0.1:34567". */
  readonly address: string;
  /** As in "http://127.0.0.1:34568". */
  readonly adminUrl: string;
  readonly pid: number;
  /** A token that the service takes. Default scopes: "items:read items:write". */
  token(scopes?: string): string;
  /** Sends SIGTERM if it still runs, and resolves with its exit code: null if a signal has killed it. */
  stop(): Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** All that it has written to stdout and stderr. */
  output(): string;
}

/** Starts item-service as a process of its own, without TLS, and resolves once it listens. */
export async function startItemService({
  host = "127.0.0.1",
  port = 0,
  adminPort = 0,
  env,
  dataFolder,
}: ItemServiceOptions = {}): Promise<ItemServiceProcess> {
  const folder = dataFolder ?? mkdtempSync(join(tmpdir(), "item-service-"));
  const environment = {
    ...process.env,
    GRPC_SERVER_HOST: host,
    GRPC_SERVER_PORT: String(port),
    GRPC_SERVER_DRAIN_DELAY_MS: "0",
    ADMIN_PORT: String(adminPort),
    DATA_DIR: folder,
    ...env,
  };
  const child = spawn(process.execPath, [main, "serve"], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  // However the tests end, it does not outlive them.
  const killAtExit = (): void => kill("SIGKILL");
  process.once("exit", killAtExit);
  const ended: Promise<number | null> = once(child, "close").then(([code]) => {
    process.off("exit", killAtExit);
    if (dataFolder === undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
    return code;
  });
  let output = "";
  const started = new Promise<{ address: string; adminUrl: string }>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        const address = /listens on ([^\s,]+)/.exec(output)?.[1];
        const adminUrl = /metrics are at (\S+)\/metrics/.exec(output)?.[1];
        if (address !== undefined && adminUrl !== undefined) {
          resolve({ address, adminUrl });
        }
      });
    }
  });
  // It gives up by itself when it cannot start.
  const failed = ended.then((code) => {
    throw new Error(`item-service has ended with ${code} before it listened: ${output}`);
  });
  const { address, adminUrl } = await Promise.race([started, failed]);
  let isStopping = false;
  return {
    address,
    adminUrl,
    pid: child.pid ?? 0,
    token: (scopes = "items:read items:write") =>
      execFileSync(process.execPath, [main, "token", "--scope", scopes], {
        env: environment,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim(),
    stop() {
      // A second SIGTERM would end it at once.
      if (!isStopping) {
        isStopping = true;
        kill("SIGTERM");
      }
      return ended;
    },
    kill,
    output: () => output,
  };
}
