import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "./database.ts";

/** One change of the database's schema. It is never edited once it is released. */
export interface SqliteMigration {
  readonly name: string;
  readonly sql: string;
}

const itemMigrations: readonly SqliteMigration[] = [
  {
    name: "0001-items",
    // AUTOINCREMENT never gives a position twice, which page tokens count on.
    sql: `
      CREATE TABLE items (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        sku TEXT NOT NULL UNIQUE,
        quantity INTEGER NOT NULL,
        price REAL NOT NULL,
        is_active INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) STRICT`,
  },
  {
    name: "0002-secrets",
    sql: "CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
  },
  {
    name: "0003-idempotency-keys",
    sql: `
      CREATE TABLE idempotency_keys (
        caller TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (caller, key)
      ) STRICT;
      CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at)`,
  },
];

/**
 * Brings the database up to date: applies, in order, the migrations that it has not seen, all or
 * none. Processes that start at once take turns. Returns the names of those that were applied.
 */
export function migrateSqliteDatabase(
  database: DatabaseSync,
  migrations: readonly SqliteMigration[] = itemMigrations,
): readonly string[] {
  // To look takes no lock, so that whoever starts does not wait for one that writes a large batch.
  if (findMissing(database, migrations).length === 0) {
    return [];
  }
  return inTransaction(database, () => {
    database.exec(
      "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT",
    );
    const record = database.prepare("INSERT INTO migrations (name, applied_at) VALUES (?, ?)");
    const missing = findMissing(database, migrations);
    for (const { name, sql } of missing) {
      database.exec(sql);
      record.run(name, Date.now());
    }
    return missing.map(({ name }) => name);
  });
}

function findMissing(
  database: DatabaseSync,
  migrations: readonly SqliteMigration[],
): readonly SqliteMigration[] {
  const isThere = "SELECT 1 FROM sqlite_schema WHERE name = 'migrations'";
  if (database.prepare(isThere).get() === undefined) {
    return migrations;
  }
  const applied = new Set(
    database
      .prepare("SELECT name FROM migrations")
      .all()
      .map(({ name }) => name),
  );
  return migrations.filter(({ name }) => !applied.has(name));
}
