import type { ItemRepository, RepositoryCall } from "./item-repository.ts";

/** A database that keeps items, opened and up to date. */
export interface ItemStore {
  readonly items: ItemRepository;
  /** The names of the migrations that opening it has applied. */
  readonly migrations: readonly string[];
  /** Settles once the database has answered, and rejects if it does not. */
  ping(call?: RepositoryCall): Promise<void>;
  /** Closes it. What still runs fails. */
  close(): Promise<void>;
}
