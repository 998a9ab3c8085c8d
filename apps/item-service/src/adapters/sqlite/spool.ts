import { DatabaseSync } from "node:sqlite";
import type { Spool, Spooled } from "../../application/spool.ts";

const PART_SIZE = 500;

/**
 * Opens a spool in a file that SQLite makes once there is more than about 2 MiB, in TMPDIR or else /var/tmp
 * or /tmp: https://sqlite.org/inmemorydb.html#temp_db. It has no name there, so it cannot be left behind.
 */
export function openSqliteSpool<Value>(): Spool<Value> {
  const database = new DatabaseSync("");
  // One transaction that never ends and cannot be rolled back: nothing outlives the connection.
  database.exec(`
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE spool (position INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
    BEGIN`);
  const insert = database.prepare("INSERT INTO spool (position, value) VALUES (?, ?)");
  const select = database.prepare("SELECT value FROM spool WHERE position = ?");
  const selectPart = database.prepare(
    `SELECT position, value FROM spool WHERE position > ? ORDER BY position LIMIT ${PART_SIZE}`,
  );

  const partAfter = (position: number): readonly Spooled<Value>[] =>
    selectPart.all(position).map((row) => ({
      position: Number(row.position),
      value: JSON.parse(String(row.value)),
    }));

  return {
    add(position, value) {
      insert.run(position, JSON.stringify(value));
    },
    get(position) {
      const row = select.get(position);
      if (row === undefined) {
        throw new RangeError(`position must be that of a value, got ${position}`);
      }
      return JSON.parse(String(row.value));
    },
    *parts() {
      let part = partAfter(-1);
      while (part.length > 0) {
        yield part;
        part = partAfter(part.at(-1)?.position ?? Number.POSITIVE_INFINITY);
      }
    },
    close() {
      database.close();
    },
  };
}
