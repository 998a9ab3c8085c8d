import type { DatabaseSync } from "node:sqlite";
import type { RepositoryCall } from "../../application/item-repository.ts";
import { retryWhileBusy, tryOnce } from "./busy.ts";
import type { SqliteDatabase } from "./database.ts";
import { databaseUnavailable } from "./errors.ts";
import { beginReading, inLongTransaction, type LongWork } from "./long-transaction.ts";
import { createSlots } from "./slots.ts";

/** How many long reads run at once, each with a connection of its own and up to 2 MiB of cache. */
const MAX_LONG_READS = 32;

/** How many of these connections are kept when no read needs them. */
const MAX_IDLE = 4;

/** Reads what is committed. Methods reject if the database stays locked for longer than they wait. */
export interface SqliteReader {
  /** For the statements of `run`. */
  readonly connection: DatabaseSync;
  /** Reads in one turn of the event loop, which it holds. */
  run<Result>(work: () => Result, call?: RepositoryCall): Promise<Result>;
  /** Reads in as many turns as it takes, all from the same state of the database. */
  runLong<Result>(work: LongWork<Result>, call?: RepositoryCall): Promise<Result>;
  /** What still runs fails. */
  close(): void;
}

export function createSqliteReader(database: SqliteDatabase, busyLimitMs: number): SqliteReader {
  const connection = database.connect();
  const others = new Set<DatabaseSync>();
  const idle: DatabaseSync[] = [];
  const slots = createSlots(MAX_LONG_READS);

  const connect = (): DatabaseSync => {
    if (!connection.isOpen) {
      throw databaseUnavailable("it has been closed");
    }
    const other = database.connect();
    others.add(other);
    return other;
  };

  const letGo = (own: DatabaseSync): void => {
    if (idle.length < MAX_IDLE) {
      idle.push(own);
    } else if (others.delete(own)) {
      own.close();
    }
  };

  return {
    connection,
    async run(work, call) {
      const done = tryOnce(work);
      return done ? done.result : retryWhileBusy(work, { busyLimitMs, signal: call?.signal });
    },
    runLong(work, { signal } = {}) {
      const run = async () => {
        const own = idle.pop() ?? (await retryWhileBusy(connect, { busyLimitMs, signal }));
        try {
          const begin = beginReading;
          return await inLongTransaction({ connection: own, begin, work, busyLimitMs, signal });
        } finally {
          letGo(own);
        }
      };
      return slots.run(run, signal);
    },
    close() {
      connection.close();
      for (const other of others) {
        other.close();
      }
      others.clear();
    },
  };
}
