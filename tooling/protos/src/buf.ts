import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../..", import.meta.url));

export interface BufResult {
  readonly isOk: boolean;
  /** All that buf said, on stdout and stderr. */
  readonly output: string;
}

/** Runs buf in a folder of protos. */
export function buf(folder: string, ...args: readonly string[]): BufResult {
  const bin = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));
  const { status, stdout, stderr, error } = spawnSync(bin, args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined) {
    throw error;
  }
  return { isOk: status === 0, output: stdout + stderr };
}

/** As `buf`, but throws what buf said if it fails. */
export function runBuf(folder: string, ...args: readonly string[]): void {
  const { isOk, output } = buf(folder, ...args);
  if (!isOk) {
    throw new Error(`buf ${args[0]} failed:\n${output}`);
  }
}
