import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type OnEnd, temporaryFolder } from "../start-program.ts";
import type { Command } from "./headless-client.ts";

/** Mounts of one's own: as root, or as a user where users may have namespaces. */
const namespace = ["--mount", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];

/** Whether a process can have names of its own here. If not, says what is left out. */
export function hasOwnNames(): boolean {
  const canMount = spawnSync("unshare", [...namespace, "true"]).status === 0;
  if (!canMount) {
    process.stderr.write(
      "tests with names of several addresses are left out: they need Linux and the right to unshare --mount\n",
    );
  }
  return canMount;
}

export interface HeadlessClient {
  /** What the name stands for from now on, as with the endpoints of a headless Service. */
  setAddresses(hosts: readonly string[]): void;
  /** Runs a command of headless-client.ts and resolves with what comes of it. */
  run<Result>(command: Command): Promise<Result>;
}

/**
 * Starts a client that looks its target up as in a pod: by getaddrinfo. It has an /etc/hosts of its own,
 * which names the servers.
 */
export async function startHeadlessClient(
  { port, token, hosts }: { port: number; token: string; hosts: readonly string[] },
  onEnd: OnEnd,
): Promise<HeadlessClient> {
  const name = "item-service-headless.shop.svc.cluster.local";
  const file = join(temporaryFolder(onEnd), "hosts");
  // Written in place: another file would not be the one that is mounted.
  const setAddresses = (addresses: readonly string[]): void =>
    writeFileSync(file, addresses.map((address) => `${address} ${name}\n`).join(""));
  setAddresses(hosts);
  const script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
  const client = fileURLToPath(new URL("headless-client.ts", import.meta.url));
  const node = [process.execPath, "--conditions=@grpc-kit/source", client];
  const args = [...namespace, "sh", "-c", script, "sh", file, ...node];
  const child = spawn("unshare", [...args, `dns:///${name}:${port}`, token], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  onEnd(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  const gone = exit.then(([code]) => {
    throw new Error(`the client has ended with ${code}`);
  });
  return {
    setAddresses,
    async run(command) {
      const answered = once(child, "message");
      child.send(command);
      const [{ result, error }] = await Promise.race([answered, gone]);
      if (error !== undefined) {
        throw new Error(error);
      }
      return result;
    },
  };
}
