import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { inTransaction, openSqliteDatabase } from "./sqlite-database.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-database-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function open(path: string): DatabaseSync {
  const database = openSqliteDatabase(path);
  onTestFinished(() => database.close());
  return database;
}

describe("openSqliteDatabase", () => {
  it("makes the folders of the file", () => {
    const path = join(temporaryFolder(), "a", "b", "items.db");
    open(path).exec("CREATE TABLE kept (value TEXT)");
    expect(open(path).prepare("SELECT count(*) AS count FROM kept").get()).toEqual({ count: 0 });
  });

  it("writes ahead, waits for others and checks foreign keys", () => {
    const database = open(join(temporaryFolder(), "items.db"));
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {});
    expect(["journal_mode", "busy_timeout", "foreign_keys"].flatMap(pragma)).toEqual([
      "wal",
      5_000,
      1,
    ]);
  });

  it("opens a database in memory", () => {
    expect(open(":memory:").prepare("SELECT 1 AS one").get()).toEqual({ one: 1 });
  });
});

describe("inTransaction", () => {
  function openTable(): DatabaseSync {
    const database = open(":memory:");
    database.exec("CREATE TABLE kept (value INTEGER PRIMARY KEY)");
    return database;
  }
  const values = (database: DatabaseSync) => database.prepare("SELECT value FROM kept").all();

  it("keeps what was written and returns the result", () => {
    const database = openTable();
    const result = inTransaction(database, () => database.exec("INSERT INTO kept VALUES (1)") ?? 7);
    expect(result).toBe(7);
    expect(values(database)).toEqual([{ value: 1 }]);
  });

  it("undoes everything if the work throws, and can be used again", () => {
    const database = openTable();
    const fault = new Error("no");
    const act = () =>
      inTransaction(database, () => {
        database.exec("INSERT INTO kept VALUES (1)");
        throw fault;
      });
    expect(act).toThrow(fault);
    inTransaction(database, () => database.exec("INSERT INTO kept VALUES (2)"));
    expect(values(database)).toEqual([{ value: 2 }]);
  });

  it("throws the first error if SQLite has rolled back by itself", () => {
    const database = openTable();
    database.exec("INSERT INTO kept VALUES (1)");
    const act = () =>
      inTransaction(database, () => database.exec("INSERT OR ROLLBACK INTO kept VALUES (1)"));
    expect(act).toThrow(/UNIQUE/);
    inTransaction(database, () => database.exec("INSERT INTO kept VALUES (2)"));
    expect(values(database)).toEqual([{ value: 1 }, { value: 2 }]);
  });

  it("holds the lock from its beginning", () => {
    const path = join(temporaryFolder(), "items.db");
    const [first, second] = [open(path), open(path)];
    second.exec("PRAGMA busy_timeout = 0");
    inTransaction(first, () => {
      expect(() => inTransaction(second, () => undefined)).toThrow("database is locked");
    });
    expect(inTransaction(second, () => 7)).toBe(7);
  });
});
