import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Logger } from "pino";
import type { StockChanges } from "../application/stock-source.ts";

// Whoever writes a file writes more than once.
const settleMs = 100;

/**
 * Watches the folder of the file, since a file that is replaced is another one. Where that cannot be
 * done (network drives, a folder that is not there yet) there are no changes but by `maxMs`.
 */
export function watchChanges(path: string, logger: Pick<Logger, "warn">): StockChanges {
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  let hasChanged = false;
  let wake = (): void => {};

  const ring = (): void => {
    hasChanged = true;
    wake();
  };
  const giveUp = (err: unknown): void => {
    logger.warn({ err }, "changes of the stock file are seen by looking at it now and then");
    watcher?.close();
  };
  try {
    watcher = watch(dirname(path), (_event, name) => {
      // There may be a database in the same folder, which changes all the time.
      if (name === null || name === basename(path)) {
        clearTimeout(settling);
        settling = setTimeout(ring, settleMs);
      }
    });
    watcher.on("error", giveUp);
  } catch (error) {
    giveUp(error);
  }

  return {
    async next(maxMs) {
      if (!hasChanged) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, maxMs);
        await promise;
        clearTimeout(timer);
      }
      hasChanged = false;
    },
    close() {
      watcher?.close();
      clearTimeout(settling);
      ring();
    },
  };
}
