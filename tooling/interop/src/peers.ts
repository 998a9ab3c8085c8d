import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fileDescriptorSet as publishedDescriptors } from "@grpc-kit/generated-protos/descriptors";
import { fileDescriptorSet as testingDescriptors } from "./gen/descriptors.ts";

/** A command and its first arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** The first Python that has gRPC; undefined if there is none. */
export function findPython(): string | undefined {
  return ["/usr/bin/python3", "python3"].find(
    (python) => spawnSync(python, ["-c", "import grpc, google.protobuf"]).status === 0,
  );
}

// -B: without files of compiled code beside the scripts.
export function pythonScript(python: string, name: "client" | "server"): Command {
  return [python, "-B", fileURLToPath(new URL(`../python/${name}.py`, import.meta.url))];
}

/** A file of the descriptors of grpc.testing and google.rpc. */
export interface DescriptorFile {
  readonly path: string;
  remove(): void;
}

export function writeDescriptors(): DescriptorFile {
  const folder = mkdtempSync(join(tmpdir(), "interop-"));
  const path = join(folder, "descriptors.binpb");
  // Serialised messages that stand one behind the other are one message, repeated fields joined.
  writeFileSync(path, Buffer.concat([testingDescriptors(), publishedDescriptors()]));
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

/** What failed of each case; null: it has passed. */
export type CaseResults = Readonly<Record<string, string | null>>;

/** Runs a client of another language to its end. */
export async function runClient(
  [program, ...first]: Command,
  args: readonly string[],
): Promise<CaseResults> {
  const limits = { timeout: 60_000, killSignal: "SIGKILL" } as const;
  const { stdout } = await promisify(execFile)(program, [...first, ...args], limits);
  return JSON.parse(stdout) as CaseResults;
}

export interface PeerServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts a server of another language, which prints its port and ends with its standard input. */
export async function startPeerServer(
  [program, ...first]: Command,
  args: readonly string[],
): Promise<PeerServer> {
  const child = spawn(program, [...first, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const started = await Promise.race([
    createInterface(child.stdout)[Symbol.asyncIterator]().next(),
    new Promise<never>((_resolve, reject) => child.once("error", reject)),
  ]);
  if (started.done === true) {
    await exited;
    throw new Error(`${program} ${first.join(" ")} must print its port, but ended`);
  }
  return {
    address: `127.0.0.1:${started.value}`,
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(timer);
    },
  };
}
