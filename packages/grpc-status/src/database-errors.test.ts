import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { codeOf, secret, thrownBy } from "../test/code-of.ts";

describe("errors of SQLite", () => {
  function database(): DatabaseSync {
    const opened = new DatabaseSync(":memory:");
    opened.exec(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY, sku TEXT UNIQUE, ${secret} TEXT);
      CREATE TABLE child (parent INTEGER REFERENCES parent (id));
      INSERT INTO parent VALUES (1, 'a', '')`);
    return opened;
  }

  it.each([
    ["a unique violation", "INSERT INTO parent VALUES (2, 'a', '')", "ALREADY_EXISTS"],
    ["a second primary key", "INSERT INTO parent VALUES (1, 'b', '')", "ALREADY_EXISTS"],
    ["a foreign key violation", "INSERT INTO child VALUES (7)", "FAILED_PRECONDITION"],
    ["a syntax error", "SELEKT", "INTERNAL"],
    ["a missing table", `SELECT ${secret} FROM nowhere`, "INTERNAL"],
    ["a blob that is too large", "SELECT zeroblob(2000000000)", "RESOURCE_EXHAUSTED"],
  ])("%s is what it means", async (_name, sql, name) => {
    const opened = database();
    expect(codeOf(await thrownBy(() => opened.prepare(sql).all()))).toBe(name);
    opened.close();
  });

  it("two writers at once are ABORTED", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-status-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [first, second] = [1, 2].map(() => new DatabaseSync(join(folder, "shop.db")));
    first?.exec("PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER)");
    second?.exec("BEGIN; SELECT * FROM item");
    first?.exec("BEGIN IMMEDIATE; INSERT INTO item VALUES (1)");
    const insert = () => second?.exec("INSERT INTO item VALUES (2)");
    const busy = await thrownBy(insert);
    expect([busy, codeOf(busy)]).toEqual([expect.objectContaining({ errcode: 5 }), "ABORTED"]);
    first?.exec("COMMIT");
    const stale = await thrownBy(insert);
    expect([stale, codeOf(stale)]).toEqual([expect.objectContaining({ errcode: 517 }), "ABORTED"]);
    first?.close();
    second?.close();
  });

  it("of other drivers have names in place of numbers", () => {
    const named = (code: string) => codeOf(Object.assign(new Error(secret), { code }));
    expect(named("SQLITE_CONSTRAINT_UNIQUE")).toBe("ALREADY_EXISTS");
    expect(named("SQLITE_BUSY")).toBe("ABORTED");
    expect(named("SQLITE_BUSY_SNAPSHOT")).toBe("ABORTED");
    expect(named("SQLITE_CONSTRAINT_CHECK")).toBe("INTERNAL");
    expect(named("SQLITE_CORRUPT")).toBe("INTERNAL");
  });
});

describe("errors of PostgreSQL", () => {
  it.each([
    ["23505", "ALREADY_EXISTS"],
    ["23503", "FAILED_PRECONDITION"],
    ["40001", "ABORTED"],
    ["40P01", "ABORTED"],
    ["55P03", "ABORTED"],
    ["57014", "DEADLINE_EXCEEDED"],
    ["57P01", "UNAVAILABLE"],
    ["53300", "UNAVAILABLE"],
    ["08006", "UNAVAILABLE"],
    ["54000", "RESOURCE_EXHAUSTED"],
    ["42601", "INTERNAL"],
    ["23514", "INTERNAL"],
  ])("%s is %s", (code, name) => {
    expect(codeOf(Object.assign(new Error(secret), { code, severity: "ERROR" }))).toBe(name);
  });

  it("have a severity; five letters alone are somebody else's", () => {
    expect(codeOf(Object.assign(new Error(secret), { code: "23505" }))).toBe("INTERNAL");
  });
});
