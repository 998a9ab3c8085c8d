import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Name and version of h2load; undefined if it is not installed. */
export function h2loadVersion(): string | undefined {
  const { status, stdout } = spawnSync("h2load", ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

export interface Load {
  readonly url: string;
  readonly calls: number;
  readonly connections: number;
  readonly lanesPerConnection: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Bytes of one answer's messages. */
  readonly replyBytes: number;
}

/** Makes unary calls, and resolves with how many microseconds they took. Throws if one has failed. */
export async function runH2load(load: Load): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "grpc-kit-bench-"));
  try {
    const file = join(folder, "body");
    await writeFile(file, load.body);
    const headers = {
      "content-type": "application/grpc",
      te: "trailers",
      ...load.headers,
    };
    const { stdout } = await run("h2load", [
      `--requests=${load.calls}`,
      `--clients=${load.connections}`,
      `--max-concurrent-streams=${load.lanesPerConnection}`,
      `--data=${file}`,
      ...Object.entries(headers).map(([key, value]) => `--header=${key}: ${value}`),
      load.url,
    ]);
    return readH2load(stdout, load);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * The microseconds that calls took, out of what h2load prints. It knows nothing of `grpc-status`, but a
 * call that fails has no message: so the bytes tell whether all have succeeded.
 */
export function readH2load(
  output: string,
  { calls, replyBytes }: Pick<Load, "calls" | "replyBytes">,
): number {
  const [perSecond, bytes] = [/([\d.]+) req\/s/, /\((\d+)\) data/].map((pattern) =>
    Number(pattern.exec(output)?.[1]),
  );
  if (bytes !== calls * replyBytes) {
    throw new Error(
      `${calls} calls must be answered with ${calls * replyBytes} bytes, got ${bytes}:\n${output}`,
    );
  }
  return (1e6 * calls) / (perSecond ?? Number.NaN);
}
