import { describe } from "vitest";
import { describeBatches } from "./batch.contract.ts";
import { describeCalls } from "./calls.contract.ts";
import { describeFilters } from "./filter.contract.ts";
import { describeIdempotency } from "./idempotency.contract.ts";
import type { CreateItemDatabase } from "./item-database.contract.ts";
import { describeLists } from "./list.contract.ts";
import { describeReadsAndWrites } from "./reads-and-writes.contract.ts";

export type { CreateItemDatabase, ItemDatabase } from "./item-database.contract.ts";

/**
 * What every adapter of ItemStore has to do. Its test file has one line:
 * `describeItemStore("the item store on SQLite", createSqliteDatabase)`.
 *
 * `createDatabase` is called in each test and makes an empty database. It registers with `onTestFinished`
 * what removes it. `open` of the database may be called several times, for as many stores on the same
 * items; each is closed with the test, and closing one twice does no harm.
 */
export function describeItemStore(name: string, createDatabase: CreateItemDatabase): void {
  describe(name, () => {
    describeReadsAndWrites(createDatabase);
    describeLists(createDatabase);
    describeFilters(createDatabase);
    describeBatches(createDatabase);
    describeIdempotency(createDatabase);
    describeCalls(createDatabase);
  });
}
