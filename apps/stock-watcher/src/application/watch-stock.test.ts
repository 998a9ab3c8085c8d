import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { createStockFile } from "../adapters/stock-file.ts";
import type { SyncReport, SyncStock } from "./sync-stock.ts";
import { watchStock } from "./watch-stock.ts";

const report: SyncReport = { syncedCount: 1, failedCount: 0, failures: [] };
const hourMs = 3_600_000;

/** Watches a file, and counts how often it is applied. Events of the folder are all there is, unless `pollMs`. */
function watchFile({ pollMs = hourMs, sync = async () => report }: Partial<Watched> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "stock-watcher-"));
  const path = join(folder, "stock.jsonl");
  const logger = pino({ level: "silent" });
  const seen = { syncs: 0 };
  const start = () => {
    const watched = watchStock({
      settings: { stockPollMs: pollMs },
      stockSource: createStockFile({ settings: { stockFile: path }, logger }),
      syncStock(call) {
        seen.syncs += 1;
        return sync(call);
      },
      logger,
    });
    onTestFinished(() => watched.close());
    return watched;
  };
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path, seen, start };
}

interface Watched {
  readonly pollMs: number;
  readonly sync: SyncStock;
}

const soon = { timeout: 10_000 };

describe("watchStock", () => {
  it("applies the file at once, and when it is written or replaced", async () => {
    const { path, seen, start } = watchFile();
    writeFileSync(path, "1");
    start();
    await expect.poll(() => seen.syncs, soon).toBe(1);
    writeFileSync(path, "22");
    await expect.poll(() => seen.syncs, soon).toBe(2);
    writeFileSync(`${path}.new`, "33");
    renameSync(`${path}.new`, path);
    await expect.poll(() => seen.syncs, soon).toBe(3);
  });

  it("waits for a file that is not there yet", async () => {
    const { path, seen, start } = watchFile();
    start();
    await delay(50);
    expect(seen.syncs).toBe(0);
    writeFileSync(path, "1");
    await expect.poll(() => seen.syncs, soon).toBe(1);
  });

  it("looks now and then where the folder cannot be watched", async () => {
    const { folder, path, seen, start } = watchFile({ pollMs: 20 });
    rmSync(folder, { recursive: true });
    start();
    await delay(50);
    mkdirSync(folder);
    writeFileSync(path, "1");
    await expect.poll(() => seen.syncs, soon).toBe(1);
  });

  it("does not apply a file again that has not changed, whatever else happens in its folder", async () => {
    const { folder, path, seen, start } = watchFile({ pollMs: 10 });
    writeFileSync(path, "1");
    start();
    await expect.poll(() => seen.syncs, soon).toBe(1);
    writeFileSync(join(folder, "items.db"), "2");
    await delay(300);
    expect(seen.syncs).toBe(1);
  });

  it("applies what was written while it applied what was there before", async () => {
    const going = Promise.withResolvers<void>();
    const sync: SyncStock = async () => {
      await going.promise;
      return report;
    };
    const { path, seen, start } = watchFile({ sync });
    writeFileSync(path, "1");
    start();
    await expect.poll(() => seen.syncs, soon).toBe(1);
    writeFileSync(path, "22");
    going.resolve();
    await expect.poll(() => seen.syncs, soon).toBe(2);
  });

  it("tries again after a failure, until it has worked", async () => {
    let failures = 3;
    const sync: SyncStock = async () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error("away");
      }
      return report;
    };
    const { path, seen, start } = watchFile({ sync });
    writeFileSync(path, "1");
    start();
    await expect.poll(() => seen.syncs, soon).toBe(4);
    await delay(300);
    expect(seen.syncs).toBe(4);
  });

  it("ends a sync that runs when it is closed", async () => {
    const sync: SyncStock = ({ signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    const { path, seen, start } = watchFile({ sync });
    writeFileSync(path, "1");
    const watched = start();
    await expect.poll(() => seen.syncs, soon).toBe(1);
    await watched.close();
    expect(seen.syncs).toBe(1);
  });
});
