import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { BuiltImage } from "./build-image.ts";

export interface Container {
  /** The process that is number 1 in there, as this machine counts it. */
  readonly pid: number;
  /** All that it has written to stdout and stderr. */
  output(): string;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  /** Resolves with what the pattern's group has matched in the output. */
  find(pattern: RegExp): Promise<string>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** What is on /data. Default: a folder of its own, which the image's user owns. */
  readonly dataFolder?: string;
}

// The image is mounted read-only, with /tmp in memory. The last line becomes process 1 and has no privilege left.
const start = `
root=$1 data=$2 workdir=$3 user=$4 group=$5; shift 5
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
exec setpriv --clear-groups --no-new-privs \\
  unshare --root="$root" --wd="$workdir" --setgid="$group" --setuid="$user" -- "$@"
`;

/** A folder on this machine that the image's user may write. It is gone after the test. */
export function makeDataFolder({ config }: BuiltImage): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-data-"));
  const [user = "", group = ""] = config.User.split(":");
  chownSync(folder, Number(user), Number(group));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Runs the image as it says of itself, as a container runtime does: process 1 of a namespace of its own, on a
 * root that is read-only. The network is this machine's.
 */
export function runImage(
  image: BuiltImage,
  { env, args = [], dataFolder = makeDataFolder(image) }: RunOptions = {},
): Container {
  const { User, Env, Entrypoint, WorkingDir } = image.config;
  const place = [image.root, dataFolder, WorkingDir, ...User.split(":")];
  const namespaces = ["--mount", "--propagation=private", "--pid", "--fork"];
  const child = spawn(
    "unshare",
    [...namespaces, "/bin/sh", "-ec", start, "sh", ...place, ...Entrypoint, ...args],
    { env: { ...fromEntries(Env), ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended: Promise<number | null> = once(child, "close").then(([code]) => code);
  const processOne = (): number =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));
  onTestFinished(async () => {
    const pid = child.exitCode === null ? processOne() : 0;
    if (pid > 0) {
      // All others in there end with it.
      process.kill(pid, "SIGKILL");
    }
    await ended;
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  return {
    get pid() {
      return processOne();
    },
    output: () => output,
    ended,
    async find(pattern) {
      const found = expect.poll(() => output, { timeout: 15_000 }).toMatch(pattern);
      const failed = ended.then((code) => {
        throw new Error(`the container has ended with ${code}: ${output}`);
      });
      await Promise.race([found, failed]);
      return pattern.exec(output)?.[1] ?? "";
    },
  };
}

function fromEntries(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
