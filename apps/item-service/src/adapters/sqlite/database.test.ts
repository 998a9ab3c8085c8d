import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { inTransaction, locateSqliteDatabase, type SqliteDatabase } from "./database.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-database-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function connect(database: SqliteDatabase): DatabaseSync {
  const connection = database.connect();
  onTestFinished(() => connection.close());
  return connection;
}

describe("locateSqliteDatabase", () => {
  it("makes the folders of the file, which all connections share", () => {
    const database = locateSqliteDatabase(join(temporaryFolder(), "a", "b", "items.db"));
    connect(database).exec("CREATE TABLE kept (value TEXT)");
    const count = connect(database).prepare("SELECT count(*) AS count FROM kept");
    expect(count.get()).toEqual({ count: 0 });
  });

  it("never waits for a lock within the driver", () => {
    const connection = connect(locateSqliteDatabase(join(temporaryFolder(), "items.db")));
    expect(connection.prepare("PRAGMA busy_timeout").get()).toEqual({ timeout: 0 });
  });

  it("has one database in memory for all its connections, and none for others", () => {
    const database = locateSqliteDatabase(":memory:");
    connect(database).exec("CREATE TABLE kept (value TEXT)");
    const count = connect(database).prepare("SELECT count(*) AS count FROM kept");
    expect(count.get()).toEqual({ count: 0 });
    const other = connect(locateSqliteDatabase(":memory:"));
    expect(() => other.prepare("SELECT * FROM kept")).toThrow("no such table");
    expect(() => database.check()).not.toThrow();
  });

  it("takes a path as it is, never as a URI", () => {
    const path = join(temporaryFolder(), "file:items.db?mode=memory");
    const database = locateSqliteDatabase(path);
    connect(database).exec("CREATE TABLE kept (value TEXT)");
    expect(database.path).toBe(path);
    expect(() => database.check()).not.toThrow();
  });

  it("tells that the file has been removed or replaced", () => {
    const path = join(temporaryFolder(), "items.db");
    const database = locateSqliteDatabase(path);
    connect(database).exec("CREATE TABLE kept (value TEXT)");
    database.check();
    renameSync(path, `${path}.old`);
    expect(() => database.check()).toThrow("items.db has been removed or replaced");
    connect(locateSqliteDatabase(path)).exec("CREATE TABLE kept (value TEXT)");
    expect(() => database.check()).toThrow("items.db has been removed or replaced");
  });
});

describe("inTransaction", () => {
  function openTable(): DatabaseSync {
    const connection = connect(locateSqliteDatabase(":memory:"));
    connection.exec("CREATE TABLE kept (value INTEGER PRIMARY KEY)");
    return connection;
  }
  const values = (connection: DatabaseSync) => connection.prepare("SELECT value FROM kept").all();

  it("keeps what was written and returns the result", () => {
    const connection = openTable();
    const result = inTransaction(
      connection,
      () => connection.exec("INSERT INTO kept VALUES (1)") ?? 7,
    );
    expect(result).toBe(7);
    expect(values(connection)).toEqual([{ value: 1 }]);
  });

  it("undoes everything if the work throws, and can be used again", () => {
    const connection = openTable();
    const fault = new Error("no");
    const act = () =>
      inTransaction(connection, () => {
        connection.exec("INSERT INTO kept VALUES (1)");
        throw fault;
      });
    expect(act).toThrow(fault);
    inTransaction(connection, () => connection.exec("INSERT INTO kept VALUES (2)"));
    expect(values(connection)).toEqual([{ value: 2 }]);
  });

  it("throws the first error if SQLite has rolled back by itself", () => {
    const connection = openTable();
    connection.exec("INSERT INTO kept VALUES (1)");
    const act = () =>
      inTransaction(connection, () => connection.exec("INSERT OR ROLLBACK INTO kept VALUES (1)"));
    expect(act).toThrow(/UNIQUE/);
    inTransaction(connection, () => connection.exec("INSERT INTO kept VALUES (2)"));
    expect(values(connection)).toEqual([{ value: 1 }, { value: 2 }]);
  });

  it("holds the lock from its beginning", () => {
    const database = locateSqliteDatabase(join(temporaryFolder(), "items.db"));
    const [first, second] = [connect(database), connect(database)];
    inTransaction(first, () => {
      expect(() => inTransaction(second, () => undefined)).toThrow("database is locked");
    });
    expect(inTransaction(second, () => 7)).toBe(7);
  });
});
