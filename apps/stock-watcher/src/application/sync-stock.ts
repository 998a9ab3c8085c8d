import type { Logger } from "pino";
import { SyncEndedEarlyError } from "./stock-errors.ts";
import type { LineProblem, StockItems, SyncOptions } from "./stock-items.ts";
import type { StockLine } from "./stock-line.ts";
import type { StockSource } from "./stock-source.ts";

/** What became of the file. */
export interface SyncReport {
  readonly syncedCount: number;
  readonly failedCount: number;
  /** The first 100 of those that failed. */
  readonly failures: readonly LineFailure[];
}

export interface LineFailure extends LineProblem {
  /** The number of the line, from 1. */
  readonly line: number;
  /** Empty if the line could not be read. */
  readonly sku: string;
}

/**
 * Reads the stock file and applies it, line by line. What is wrong with one line does not keep the
 * others back. Throws StockFileError, and what the item service fails with.
 */
export type SyncStock = (options?: SyncOptions) => Promise<SyncReport>;

export interface SyncStockDependencies {
  readonly stockSource: StockSource;
  readonly stockItems: StockItems;
  readonly logger: Logger;
}

const maxFailures = 100;
const linesPerProgress = 10_000;

/** Makes the use case that applies the stock file. */
export function createSyncStock(dependencies: SyncStockDependencies): SyncStock {
  let last: Promise<void> = Promise.resolve();
  return async (options = {}) => {
    // One after the other: of two at once, the one that read the older file might be done last.
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = before.then(() => promise);
    try {
      await before;
      options.signal?.throwIfAborted();
      return await applyFile(dependencies, options);
    } finally {
      resolve();
    }
  };
}

async function applyFile(
  { stockSource, stockItems, logger }: SyncStockDependencies,
  options: SyncOptions,
): Promise<SyncReport> {
  let syncedCount = 0;
  let failedCount = 0;
  const failures: LineFailure[] = [];
  const fail = (failure: LineFailure): void => {
    failedCount += 1;
    if (failures.length < maxFailures) {
      failures.push(failure);
    }
  };
  // Those that are on their way: what fits in windows, and in the 1 MiB that is kept for a retry.
  const pending: { readonly line: number; readonly sku: string }[] = [];
  let isRead = false;

  async function* readLines(): AsyncGenerator<StockLine> {
    for await (const read of stockSource.read()) {
      const { number: line } = read;
      if ("error" in read) {
        const { name: code, message, violations } = read.error;
        fail({ line, sku: "", code, message, field: violations[0]?.field ?? "" });
      } else {
        pending.push({ line, sku: read.stock.sku });
        yield read.stock;
      }
    }
    isRead = true;
  }

  for await (const problem of stockItems.sync(readLines(), options)) {
    const answered = pending.shift();
    if (problem === undefined) {
      syncedCount += 1;
    } else if (answered !== undefined) {
      fail({ ...answered, ...problem });
    }
    if ((syncedCount + failedCount) % linesPerProgress === 0) {
      logger.info({ synced: syncedCount, failed: failedCount }, "sync progress");
    }
  }
  if (!isRead || pending.length > 0) {
    throw new SyncEndedEarlyError();
  }
  return { syncedCount, failedCount, failures };
}
