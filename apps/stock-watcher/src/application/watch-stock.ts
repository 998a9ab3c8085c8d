import type { Logger } from "pino";
import type { StockSource } from "./stock-source.ts";
import type { SyncStock } from "./sync-stock.ts";

export interface WatchStockDependencies {
  readonly settings: { readonly stockPollMs: number };
  readonly stockSource: StockSource;
  readonly syncStock: SyncStock;
  readonly logger: Logger;
}

export interface StockWatch {
  /** Ends the watching, and a sync that runs. */
  close(): Promise<void>;
}

const minRetryMs = 500;
const maxRetryMs = 15_000;
const maxLogged = 10;

/**
 * Applies the stock file now, and again whenever it has changed, until it is closed. While that fails
 * it is tried again, at first soon and then less often.
 */
export function watchStock({
  settings,
  stockSource,
  syncStock,
  logger,
}: WatchStockDependencies): StockWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  const changes = stockSource.watch();
  let synced: string | undefined;
  let failedTries = 0;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      // Asked before the file is read: what changes while it is read is a change.
      const version = await stockSource.version();
      if (version !== undefined && version !== synced) {
        await sync(version);
      } else {
        await changes.next(settings.stockPollMs);
      }
    }
  }

  async function sync(version: string): Promise<void> {
    const start = performance.now();
    try {
      const { syncedCount, failedCount, failures } = await syncStock({ signal });
      synced = version;
      failedTries = 0;
      const durationMs = Math.round(performance.now() - start);
      const counts = { synced: syncedCount, failed: failedCount, durationMs };
      if (failedCount === 0) {
        logger.info(counts, "stock synced");
      } else {
        logger.warn({ ...counts, failures: failures.slice(0, maxLogged) }, "stock synced in part");
      }
    } catch (err) {
      if (!signal.aborted) {
        failedTries += 1;
        logger.error({ err, failedTries }, "stock not synced; it is tried again");
        await changes.next(retryMs(failedTries));
      }
    }
  }

  const running = run();
  return {
    async close() {
      stopping.abort();
      changes.close();
      await running;
    },
  };
}

// With jitter, so that watchers that failed together do not come back together:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
function retryMs(failedTries: number): number {
  return Math.min(minRetryMs * 2 ** (failedTries - 1), maxRetryMs) * (0.5 + Math.random() / 2);
}
