import type { DatabaseSync } from "node:sqlite";
import type { RepositoryCall } from "../../application/item-repository.ts";
import { retryWhileBusy, tryOnce } from "./busy.ts";
import { inTransaction, type SqliteDatabase } from "./database.ts";
import { beginWriting, inLongTransaction, type LongWork } from "./long-transaction.ts";
import { createSlots } from "./slots.ts";
import { createWriteAheadLog } from "./write-ahead-log.ts";

/**
 * Writes, one transaction after the other, and settles once the disk has it. Methods reject if the
 * database stays locked for longer than they wait.
 */
export interface SqliteWriter {
  /** For the statements of both. */
  readonly connection: DatabaseSync;
  /** Writes in one turn of the event loop, which it holds. `work` may run more than once. */
  run<Result>(work: () => Result, call?: RepositoryCall): Promise<Result>;
  /** Writes in as many turns as it takes. Other writes wait. */
  runLong<Result>(work: LongWork<Result>, call?: RepositoryCall): Promise<Result>;
  /** What still runs fails. */
  close(): Promise<void>;
}

export function createSqliteWriter(database: SqliteDatabase, busyLimitMs: number): SqliteWriter {
  const connection = database.connect();
  const log =
    database.path === undefined ? undefined : createWriteAheadLog(database.path, connection);
  const lock = createSlots(1);

  return {
    connection,
    async run(work, { signal } = {}) {
      signal?.throwIfAborted();
      const transact = () => {
        database.check();
        return inTransaction(connection, work);
      };
      const retry = () => {
        const limits = { busyLimitMs, since: performance.now(), signal };
        return lock.run(() => retryWhileBusy(transact, limits), signal);
      };
      const done = lock.isFree ? tryOnce(transact) : undefined;
      const result = done ? done.result : await retry();
      await log?.sync();
      return result;
    },
    async runLong(work, { signal } = {}) {
      const result = await lock.run(async () => {
        database.check();
        const begin = beginWriting;
        const beforeCommit = log?.beforeCommit;
        try {
          return await inLongTransaction({
            connection,
            begin,
            work,
            beforeCommit,
            busyLimitMs,
            signal,
          });
        } finally {
          log?.afterCommit();
        }
      }, signal);
      await log?.sync();
      return result;
    },
    async close() {
      connection.close();
      await log?.close();
    },
  };
}
