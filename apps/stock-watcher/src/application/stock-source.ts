import type { ValidationError } from "@grpc-kit/grpc-status/errors";
import type { StockLine } from "./stock-line.ts";

/** Where the warehouse writes its count. */
export interface StockSource {
  /** The lines as they are now, read as they are asked for. Throws StockFileError. */
  read(): AsyncIterable<StockFileLine>;
  /** Another text when the lines are others. Undefined while there is nothing to read. */
  version(): Promise<string | undefined>;
  /** Tells of changes until it is closed. */
  watch(): StockChanges;
}

/** A line and what it says, or why it says nothing. */
export type StockFileLine =
  | { readonly number: number; readonly stock: StockLine }
  | { readonly number: number; readonly error: ValidationError };

/** Tells that there may be something new to read. */
export interface StockChanges {
  /** Resolves after a change since the last call, or after `maxMs` at the latest. */
  next(maxMs: number): Promise<void>;
  /** Lets whoever waits go on. */
  close(): void;
}
