import { Client } from "pg";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import {
  openPostgresItemStore,
  type PostgresItemStoreOptions,
} from "../../src/adapters/postgres/item-store.ts";
import type { WarningLog } from "../../src/adapters/postgres/pool.ts";
import type { ItemStore } from "../../src/application/item-store.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";

/** Starts a PostgreSQL for all tests of a file. Ask for it in a test. */
export function usePostgres(): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server?.stop());
  return () => {
    if (server === undefined) {
      throw new Error("PostgreSQL runs during tests only");
    }
    return server;
  };
}

/** Something that was logged. */
export interface LoggedLine {
  readonly fields: object;
  readonly message: string;
}

/** A logger that adds to `logged`. */
export function loggerTo(logged: LoggedLine[]): WarningLog {
  return { warn: (fields, message) => void logged.push({ fields, message }) };
}

type StoreOptions = Partial<PostgresItemStoreOptions> & { readonly logged?: LoggedLine[] };

/** Opens a store that somebody has to close. */
export function openPostgres(
  url: string,
  { logged = [], ...options }: StoreOptions = {},
): Promise<ItemStore> {
  const defaults = { url, now: () => new Date(), logger: loggerTo(logged) };
  return openPostgresItemStore({ ...defaults, ...options });
}

/** Opens a store that is closed with the test. */
export async function openStore(url: string, options: StoreOptions = {}): Promise<ItemStore> {
  const store = await openPostgres(url, options);
  onTestFinished(() => store.close());
  return store;
}

/** Runs a statement on a connection of its own. */
export async function query<Row extends object>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
