import { randomBytes } from "node:crypto";
import type { Client } from "pg";

/** One change of the database's schema. It is never edited once it is released. */
export interface PostgresMigration {
  readonly name: string;
  readonly sql: string;
}

// Text sorts by code point only by the collation "C", whatever the database has.
const itemMigrations: readonly PostgresMigration[] = [
  {
    name: "0001-items",
    sql: `
      CREATE TABLE items (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        name text COLLATE "C" NOT NULL,
        description text COLLATE "C" NOT NULL,
        sku text COLLATE "C" NOT NULL UNIQUE,
        quantity integer NOT NULL,
        price double precision NOT NULL,
        is_active boolean NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL
      )`,
  },
  {
    name: "0002-secrets",
    sql: "CREATE TABLE secrets (name text PRIMARY KEY, value bytea NOT NULL)",
  },
  {
    name: "0003-idempotency-keys",
    sql: `
      CREATE TABLE idempotency_keys (
        caller text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        answer text,
        created_at timestamptz(3) NOT NULL,
        PRIMARY KEY (caller, key)
      );
      CREATE INDEX ON idempotency_keys (created_at)`,
  },
];

// Any number that nothing else in the database uses: "item" in ASCII.
const LOCK = 0x69_74_65_6d;

/**
 * Brings the database up to date: applies, in order, the migrations that it has not seen, all or none.
 * Processes that start at once take turns. Where there is nothing to apply, a role without the right to
 * make tables will do. Returns the names of those that were applied.
 */
export async function migratePostgresDatabase(
  client: Client,
  migrations: readonly PostgresMigration[] = itemMigrations,
): Promise<readonly string[]> {
  await checkEncoding(client);
  if ((await findMissing(client, migrations)).length === 0) {
    return [];
  }
  // The lock goes with the transaction, however that ends.
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS migrations
       (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const missing = await findMissing(client, migrations);
    for (const { name, sql } of missing) {
      await client.query(sql);
      await client.query("INSERT INTO migrations (name) VALUES ($1)", [name]);
    }
    await client.query("COMMIT");
    return missing.map(({ name }) => name);
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** Reads the secret that signs page tokens, or makes it. */
export async function readPageTokenSecret(client: Client): Promise<Uint8Array> {
  await client.query(
    "INSERT INTO secrets (name, value) VALUES ('page-token', $1) ON CONFLICT DO NOTHING",
    [randomBytes(32)],
  );
  const { rows } = await client.query("SELECT value FROM secrets WHERE name = 'page-token'");
  return rows[0].value;
}

async function findMissing(
  client: Client,
  migrations: readonly PostgresMigration[],
): Promise<readonly PostgresMigration[]> {
  const { rows: tables } = await client.query("SELECT to_regclass('migrations') AS name");
  if (tables[0].name === null) {
    return migrations;
  }
  const { rows } = await client.query<{ name: string }>("SELECT name FROM migrations");
  const applied = new Set(rows.map(({ name }) => name));
  return migrations.filter(({ name }) => !applied.has(name));
}

async function checkEncoding(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>("SHOW server_encoding");
  const encoding = rows[0]?.server_encoding;
  if (encoding !== "UTF8") {
    throw new TypeError(`the database must have the encoding UTF8, got ${encoding}`);
  }
}
