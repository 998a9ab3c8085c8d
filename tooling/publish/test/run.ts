import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs a program to its end and gives what it has printed. Rejects with that if it fails. */
export async function run(
  cwd: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  // What the script that runs the tests has set for its own package manager is not for this one.
  const own = Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_/i.test(name));
  try {
    const { stdout } = await promisify(execFile)(file, args, {
      cwd,
      env: { ...Object.fromEntries(own), NO_COLOR: "1", ...env },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(" ")} failed in ${cwd}:\n${stdout}\n${stderr}`);
  }
}
