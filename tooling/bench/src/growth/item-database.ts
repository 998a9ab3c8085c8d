import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const rowsPerInsert = 100_000;

/** The program as it is built. */
export const main: string = fileURLToPath(
  new URL("../../../../apps/item-service/dist/main.js", import.meta.url),
);

/** How many items of `quantity` 7 there are: one in this many. */
export const rowsPerMatch = 10;

/** Settings of an item-service with this database. Those beside each other take each other's tokens. */
export function environmentOf(file: string): Readonly<Record<string, string>> {
  return {
    NODE_ENV: "development",
    DATA_DIR: dirname(file),
    DATABASE_URL: `sqlite:${file}`,
    GRPC_SERVER_HOST: "127.0.0.1",
    ADMIN_PORT: "0",
    LOG_LEVEL: "error",
  };
}

/** A token that the services with a database in this folder take. */
export async function makeToken(folder: string): Promise<string> {
  const env = { ...process.env, ...environmentOf(join(folder, "any.db")) };
  const { stdout } = await run(process.execPath, [main, "token", "--scope", "items:read"], { env });
  return stdout.trim();
}

/** Makes a database with so many items. item-service makes the tables, and SQLite the items. */
export async function makeItemDatabase(
  file: string,
  rows: number,
  onInserted: (rows: number) => void,
): Promise<void> {
  await run(process.execPath, [main, "migrate"], {
    env: { ...process.env, ...environmentOf(file) },
  });
  const database = new DatabaseSync(file);
  try {
    // It is new, and nobody would miss it.
    database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -65536");
    const insert = database.prepare(
      `WITH RECURSIVE numbers (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       INSERT INTO items
         (id, name, description, sku, quantity, price, is_active, created_at, updated_at)
       SELECT printf('00000000-0000-4000-8000-%012x', n), 'Box ' || n, 'A box of cardboard',
         printf('box-%07d', n), n % ${rowsPerMatch}, 1.5, 1, 1700000000000 + n, 1700000000000 + n
       FROM numbers`,
    );
    for (let first = 1; first <= rows; first += rowsPerInsert) {
      const last = Math.min(first + rowsPerInsert - 1, rows);
      insert.run(first, last);
      onInserted(last);
    }
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}
