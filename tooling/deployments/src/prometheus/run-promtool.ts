import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "../find-program.ts";

/** Runs promtool, and settles with what it prints. Rejects with it if promtool finds something wrong. */
export async function runPromtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(findProgram("promtool") ?? "", args);
  return stdout + stderr;
}
