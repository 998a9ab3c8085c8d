import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** The path of a file that is not there yet. New workers of the program fail while it is. */
export function failSwitch(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-workers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "fails");
}
