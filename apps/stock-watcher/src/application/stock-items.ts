import type { StockLine } from "./stock-line.ts";

/** The items of the item service, as far as stock is concerned. */
export interface StockItems {
  /**
   * Applies the lines, one after the other, and yields what became of each in their order. A line is
   * asked for when there is room for it. Rejects if the service cannot go on; lines may have been
   * applied then that no result was yielded of.
   */
  sync(
    lines: AsyncIterable<StockLine>,
    options?: SyncOptions,
  ): AsyncIterable<LineProblem | undefined>;
  /** Undefined if no item has the sku. */
  find(sku: string): Promise<StockLevel | undefined>;
}

export interface SyncOptions {
  /** Ends the work when it aborts. Default: it ends with the call that is being served, if there is one. */
  readonly signal?: AbortSignal;
}

/** Why a line was not applied. */
export interface LineProblem {
  /** The kind of error: "ValidationError". */
  readonly code: string;
  readonly message: string;
  /** The field to blame, or empty. */
  readonly field: string;
}

/** How much there is of something. */
export interface StockLevel {
  readonly sku: string;
  readonly quantity: number;
  /** Of the item service. */
  readonly itemId: string;
}
