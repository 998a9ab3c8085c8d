import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

/** The first TypeScript block of a package's README. */
export function readmeExample(packageFolder: string): string {
  const readme = readFileSync(`${packageFolder}/README.md`, "utf8");
  return /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
}

/** The package's quick start as it stands in `examples`. */
export function quickstart(packageFolder: string): string {
  return readFileSync(`${packageFolder}/examples/quickstart.ts`, "utf8");
}

// A quick start that leaves something open goes on for ever, or for as long as a server's grace.
const timeoutMs = 4_500;

/** Runs the package's quick start, on the sources of the workspace; returns what it prints. */
export async function runQuickstart(packageFolder: string): Promise<string> {
  const args = ["--conditions=@grpc-kit/source", "examples/quickstart.ts"];
  const env = { ...process.env, NO_COLOR: "1" };
  const run = promisify(execFile)(process.execPath, args, {
    cwd: packageFolder,
    env,
    timeout: timeoutMs,
  });
  return (await run).stdout;
}
