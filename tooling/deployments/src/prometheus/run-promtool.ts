import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "../find-program.ts";

/** Whether promtool is installed. Says so if it is not, and what is not checked then. */
export function hasPromtool(what: string): boolean {
  const isThere = findProgram("promtool") !== undefined;
  if (!isThere) {
    process.stderr.write(
      `${what}: skipped, there is no promtool (Debian: apt-get install prometheus)\n`,
    );
  }
  return isThere;
}

/** Runs promtool, and settles with what it prints. Rejects with it if promtool finds something wrong. */
export async function runPromtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(findProgram("promtool") ?? "", args);
  return stdout + stderr;
}
