import { StockNotFoundError } from "./stock-errors.ts";
import type { StockItems, StockLevel } from "./stock-items.ts";

/** Tells how much there is of a sku. Throws StockNotFoundError. */
export type GetStock = (sku: string) => Promise<StockLevel>;

/** Makes the use case that looks a sku up. */
export function createGetStock({ stockItems }: { readonly stockItems: StockItems }): GetStock {
  return async (sku) => {
    const level = await stockItems.find(sku);
    if (level === undefined) {
      throw new StockNotFoundError(sku);
    }
    return level;
  };
}
