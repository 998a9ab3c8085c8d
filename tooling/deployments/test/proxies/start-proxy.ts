import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { findProgram } from "../../src/find-program.ts";
import { findPort, type OnEnd, startProgram, temporaryFolder } from "../start-program.ts";

/** Where a server is, and its admin port. */
export interface Backend {
  readonly address: string;
  readonly adminUrl: string;
}

export interface ProxyProcess {
  readonly address: string;
}

export interface Nginx extends ProxyProcess {
  /** Has it know these servers in place of the others. Settles when new connections have the new list. */
  reload(backends: readonly Backend[]): Promise<void>;
}

/** The addresses of servers in deployments/proxies: https://www.rfc-editor.org/rfc/rfc5737 */
const examples = ["192.0.2.11:50051", "192.0.2.12:50051", "192.0.2.13:50051"];

/** Nobody listens here: each file has three servers, and a test may have fewer. */
const nobody: Backend = { address: "127.0.0.1:1", adminUrl: "http://127.0.0.1:1" };

/** Starts nginx in front of at most three servers, by deployments/proxies/nginx.conf. Clients come again after `keepaliveTime`. */
export async function startNginx(
  backends: readonly Backend[],
  onEnd: OnEnd,
  keepaliveTime = "5m",
): Promise<Nginx> {
  const folder = temporaryFolder(onEnd);
  const file = join(folder, "nginx.conf");
  const address = `127.0.0.1:${await findPort()}`;
  const write = (servers: readonly Backend[]): void => {
    const text = productFile("nginx.conf", [
      ...examples.map((example, index) => [example, (servers[index] ?? nobody).address] as const),
      ["listen 50051 ", `listen ${address} `],
      ["/tmp/", `${folder}/`],
      ["keepalive_time 5m", `keepalive_time ${keepaliveTime}`],
      // A pipe of Node.js cannot be opened by this name.
      ["/dev/stdout", `${folder}/access.log`],
    ]);
    writeFileSync(file, text);
  };
  write(backends);
  // Notices are how it tells of its reload.
  const args = ["-p", folder, "-c", file, "-g", "daemon off; error_log stderr notice;"];
  const isReady = () => answers(address);
  const { output, kill } = await startProgram(findProgram("nginx") ?? "", args, { isReady, onEnd });
  const count = (line: string) => output().split(line).length - 1;
  return {
    address,
    async reload(servers) {
      write(servers);
      const workers = count("start worker process ");
      kill("SIGHUP");
      // A client that has a call running then is told so only as its connection gets too old.
      const leaving = () => count("gracefully shutting down");
      await expect.poll(leaving, { timeout: 10_000 }).toBe(workers);
    },
  };
}

/** Starts haproxy in front of at most three servers, by deployments/proxies/haproxy.cfg. */
export async function startHaproxy(
  backends: readonly Backend[],
  onEnd: OnEnd,
): Promise<ProxyProcess> {
  const file = join(temporaryFolder(onEnd), "haproxy.cfg");
  const address = `127.0.0.1:${await findPort()}`;
  const servers = examples.map((example, index) => {
    const { address: server, adminUrl } = backends[index] ?? nobody;
    return [example, `${server} port ${new URL(adminUrl).port}`] as const;
  });
  writeFileSync(
    file,
    productFile("haproxy.cfg", [...servers, ["bind :50051 ", `bind ${address} `]]),
  );
  const isReady = () => answers(address);
  await startProgram(findProgram("haproxy") ?? "", ["-f", file], { isReady, onEnd });
  return { address };
}

/** A file that people copy, with other places in it and nothing else. */
function productFile(name: string, places: readonly (readonly [string, string])[]): string {
  const url = new URL(`../../../../deployments/proxies/${name}`, import.meta.url);
  return places.reduce(
    (text, [from, to]) => {
      expect(text).toContain(from);
      return text.replaceAll(from, to);
    },
    readFileSync(fileURLToPath(url), "utf8"),
  );
}

async function answers(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  const isThere = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return isThere;
}
