import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../..", import.meta.url));

/** Folders under `protos` that are copies of other projects' files: see protos/README.md. */
export const vendored: readonly string[] = ["google", "grpc"];

/** Runs buf in `protos`; its complaints go to this process's stderr, and a failure throws. */
export function buf(...args: string[]): string {
  const bin = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));
  return execFileSync(bin, args, {
    cwd: `${root}/protos`,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}
