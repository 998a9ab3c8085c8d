import { stat } from "node:fs/promises";
import type { Logger } from "pino";
import type { StockSource } from "../application/stock-source.ts";
import { watchChanges } from "./file-changes.ts";
import { readStockFile } from "./read-stock-file.ts";

export interface StockFileDependencies {
  readonly settings: { readonly stockFile: string };
  readonly logger: Logger;
}

/** The stock in a file of JSON Lines. */
export function createStockFile({ settings, logger }: StockFileDependencies): StockSource {
  const path = settings.stockFile;
  return {
    read: () => readStockFile(path),
    async version() {
      try {
        const { ino, size, mtimeNs } = await stat(path, { bigint: true });
        return `${ino} ${size} ${mtimeNs}`;
      } catch {
        return undefined;
      }
    },
    watch: () => watchChanges(path, logger),
  };
}
