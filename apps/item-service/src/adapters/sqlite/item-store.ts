import { randomBytes } from "node:crypto";
import type { ItemStore } from "../../application/item-store.ts";
import { type BusyLimits, retryWhileBusy } from "./busy.ts";
import { locateSqliteDatabase } from "./database.ts";
import { cannotOpen } from "./errors.ts";
import { createSqliteItemRepository } from "./item-repository.ts";
import { migrateSqliteDatabase } from "./migrations.ts";
import { createSqliteReader } from "./reader.ts";
import { createSqliteWriter, type SqliteWriter } from "./writer.ts";

// With a log, readers and a writer do not wait for each other: https://sqlite.org/wal.html
// NORMAL leaves it to us to wait for the disk after a commit, which FULL does within it.
// The cache, of 16 MiB, is for the indexes of a large batch.
const pragmas =
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384";

/** How a SQLite store is opened. */
export interface SqliteItemStoreOptions {
  /** The file. It and its folder are made if need be. ":memory:": only in memory. */
  readonly path: string;
  /** The clock that tells when an idempotency key has expired. */
  readonly now: () => Date;
  /** How long a call waits, in milliseconds, while another process has the file locked. Default: 30_000. */
  readonly busyLimitMs?: number;
}

/**
 * Opens the file and brings it up to date. Several processes may have it open. Rejects with
 * ExternalServiceError if it cannot be used.
 */
export async function openSqliteItemStore({
  path,
  now,
  busyLimitMs = 30_000,
}: SqliteItemStoreOptions): Promise<ItemStore> {
  const database = locateSqliteDatabase(path);
  const limits = { busyLimitMs };
  const closers: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.splice(0)) {
      await closeOne();
    }
  };
  try {
    const writer = await retryWhileBusy(() => createSqliteWriter(database, busyLimitMs), limits);
    closers.push(writer.close);
    const migrations = await prepareDatabase(writer, limits);
    const reader = await retryWhileBusy(() => createSqliteReader(database, busyLimitMs), limits);
    // Before the writer, which copies the log into the database if it is the last to close.
    closers.unshift(reader.close);
    return await retryWhileBusy(() => {
      const isAlive = reader.connection.prepare("SELECT 1 FROM migrations LIMIT 1");
      const isThere = (): void => {
        database.check();
        isAlive.get();
      };
      return {
        items: createSqliteItemRepository({ reader, writer, now }),
        migrations,
        ping: (call) => reader.run(isThere, call),
        close,
      };
    }, limits);
  } catch (error) {
    await close();
    throw cannotOpen(path, error);
  }
}

/** Returns the names of the migrations that were applied. */
async function prepareDatabase(
  { connection, run }: SqliteWriter,
  limits: BusyLimits,
): Promise<readonly string[]> {
  await retryWhileBusy(() => connection.exec(pragmas), limits);
  const migrations = await retryWhileBusy(() => migrateSqliteDatabase(connection), limits);
  const secret = connection.prepare("SELECT 1 FROM secrets WHERE name = 'page-token'");
  if ((await retryWhileBusy(() => secret.get(), limits)) !== undefined) {
    return migrations;
  }
  await run(() => {
    connection
      .prepare("INSERT INTO secrets (name, value) VALUES ('page-token', ?) ON CONFLICT DO NOTHING")
      .run(randomBytes(32));
  });
  return migrations;
}
