import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { locateSqliteDatabase } from "./database.ts";
import { openSqliteItemStore } from "./item-store.ts";
import { migrateSqliteDatabase } from "./migrations.ts";

function openMemory(): DatabaseSync {
  const database = locateSqliteDatabase(":memory:").connect();
  onTestFinished(() => database.close());
  return database;
}

function names(database: DatabaseSync, table: string): unknown[] {
  return database
    .prepare(`SELECT name FROM ${table} ORDER BY rowid`)
    .all()
    .map(({ name }) => name);
}

describe("migrateSqliteDatabase", () => {
  const first = { name: "1", sql: "CREATE TABLE log (name TEXT)" };
  const second = { name: "2", sql: "INSERT INTO log VALUES ('second')" };
  const third = { name: "3", sql: "INSERT INTO log VALUES ('third')" };

  it("applies each migration once, in order", () => {
    const database = openMemory();
    migrateSqliteDatabase(database, [first, second]);
    migrateSqliteDatabase(database, [first, second]);
    migrateSqliteDatabase(database, [first, second, third]);
    expect(names(database, "log")).toEqual(["second", "third"]);
    expect(names(database, "migrations")).toEqual(["1", "2", "3"]);
  });

  it("applies none if one fails, and all once that is mended", () => {
    const database = openMemory();
    const broken = { name: "3", sql: "INSERT INTO log VALUES ('half'); SELECT * FROM nowhere" };
    expect(() => migrateSqliteDatabase(database, [first, second, broken])).toThrow("nowhere");
    expect(names(database, "sqlite_schema")).toEqual([]);
    migrateSqliteDatabase(database, [first, second, third]);
    expect(names(database, "log")).toEqual(["second", "third"]);
  });

  it("does not wait for one that writes if there is nothing to apply", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sqlite-migrations-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "items.db");
    const open = () => openSqliteItemStore({ path, now: () => new Date(), busyLimitMs: 0 });
    const first = await open();
    onTestFinished(first.close);
    const writer = new DatabaseSync(path);
    onTestFinished(() => writer.close());
    writer.exec("BEGIN IMMEDIATE");
    const second = await open();
    onTestFinished(second.close);
    expect(second.migrations).toEqual([]);
  });

  it("makes strict tables for the items", () => {
    const database = openMemory();
    migrateSqliteDatabase(database);
    const strict = database
      .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict ORDER BY name")
      .all();
    expect(strict.map(({ name }) => name)).toEqual([
      "idempotency_keys",
      "items",
      "migrations",
      "secrets",
    ]);
  });
});
