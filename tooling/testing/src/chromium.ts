import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** What playwright's `launch` needs. */
export interface ChromiumOptions {
  readonly executablePath: string;
  readonly args: string[];
}

/** Whether the browser of @sparticuz/chromium runs here. */
export const hasChromium: boolean = process.platform === "linux" && process.arch === "x64";

/**
 * Unpacks the browser of @sparticuz/chromium, whose module's path this is, unless that is done. By
 * itself the package would start a file that another process has not written to the end: here each
 * writes into a folder of its own, and the first to be done gives it the name that all look for.
 */
export async function unpackChromium(modulePath: string): Promise<ChromiumOptions> {
  const version = createHash("sha256").update(modulePath).digest("hex").slice(0, 12);
  const folder = join(tmpdir(), `grpc-kit-chromium-${process.getuid?.()}-${version}`);
  if (!existsSync(folder)) {
    const own = await mkdtemp(`${folder}-`);
    const program = `const { default: chromium } = await import(${JSON.stringify(modulePath)});
      await chromium.executablePath();`;
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env, TMPDIR: own },
    });
    await rename(own, folder).catch(() => rm(own, { recursive: true }));
  }
  return {
    executablePath: join(folder, "chromium"),
    // Not those of the package: they turn off what keeps pages apart, which tests are to see.
    args: ["--no-sandbox", "--no-zygote", "--disable-dev-shm-usage", "--disable-gpu"],
  };
}
