import { Client } from "pg";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openStore, query, usePostgres } from "../../../test/postgres/databases.ts";
import { migratePostgresDatabase, type PostgresMigration } from "./migrations.ts";

const server = usePostgres();
let url: string;

beforeEach(async () => {
  url = await server().createDatabase();
});

async function connect(to = url): Promise<Client> {
  const client = new Client(to);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const first: PostgresMigration = { name: "1", sql: "CREATE TABLE one (a integer)" };
const second: PostgresMigration = { name: "2", sql: "INSERT INTO one VALUES (1)" };

async function applied(): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(url, "SELECT name FROM migrations ORDER BY name");
  return rows.map(({ name }) => name);
}

describe("migratePostgresDatabase", () => {
  it("applies each migration once, in order", async () => {
    const client = await connect();
    expect(await migratePostgresDatabase(client, [first])).toEqual(["1"]);
    expect(await migratePostgresDatabase(client, [first, second])).toEqual(["2"]);
    expect(await migratePostgresDatabase(client, [first, second])).toEqual([]);
    expect(await query(url, "SELECT * FROM one")).toEqual([{ a: 1 }]);
    expect(await applied()).toEqual(["1", "2"]);
  });

  it("applies none if one fails", async () => {
    const client = await connect();
    const broken = { name: "3", sql: "INSERT INTO nothing VALUES (1)" };
    const migrating = migratePostgresDatabase(client, [first, second, broken]);
    await expect(migrating).rejects.toThrow('relation "nothing" does not exist');
    expect(await query(url, "SELECT to_regclass('one') AS name")).toEqual([{ name: null }]);
    await migratePostgresDatabase(client, [first, second]);
    expect(await applied()).toEqual(["1", "2"]);
  });

  it("is done by one of many that start at once", async () => {
    const slow = { name: "0", sql: "SELECT pg_sleep(0.2)" };
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect()));
    const migrating = clients.map((client) =>
      migratePostgresDatabase(client, [slow, first, second]),
    );
    expect((await Promise.all(migrating)).flat()).toEqual(["0", "1", "2"]);
    expect(await query(url, "SELECT * FROM one")).toEqual([{ a: 1 }]);
  });

  it("lets a role without the right to make tables use a database that is up to date", async () => {
    await openStore(url);
    await query(
      url,
      `CREATE ROLE clerk LOGIN PASSWORD 'secret';
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk`,
    );
    const store = await openStore(url.replace("postgres:password@", "clerk:secret@"));
    expect(await store.items.list({ limit: 1 })).toEqual([]);
  });

  it("refuses a database that cannot hold all text", async () => {
    await query(url, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    const client = await connect(server().url("latin"));
    await expect(migratePostgresDatabase(client)).rejects.toThrow(
      new TypeError("the database must have the encoding UTF8, got LATIN1"),
    );
  });
});
