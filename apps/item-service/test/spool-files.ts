import { readdirSync, readlinkSync } from "node:fs";

/** The temporary files of SQLite that this process has open. Linux only. */
export function spoolFiles(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.includes("etilqs_") ? [file] : [];
    } catch {
      // The one that read the folder is closed by now.
      return [];
    }
  });
}
