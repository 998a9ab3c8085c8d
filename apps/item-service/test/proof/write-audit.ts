import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";

/** One write of an item. No two have the same sku and quantity. */
export interface Write {
  readonly sku: string;
  readonly quantity: number;
}

/** What callers know of their writes. */
export interface ToldWrites {
  /** What they were told is done. */
  readonly done: readonly Write[];
  /** What they were told nothing of: it may be done or not. */
  readonly unknown: readonly Write[];
}

/** What the database has done that it should not have, and what it has not done that it should have. */
export interface Audit {
  readonly twice: readonly Write[];
  readonly lost: readonly Write[];
  readonly stray: readonly Write[];
}

export const flawless: Audit = { twice: [], lost: [], stray: [] };

/** The quantity of writes that may be done twice, and are left out of the audit. */
export const uncounted = 1_000_000;

/**
 * Has the database itself keep a record of each write of an item from now on, whoever makes it. Returns
 * what compares it with what callers were told.
 */
export function recordWrites(path: string): (told: readonly ToldWrites[]) => Audit {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  onTestFinished(() => database.close());
  const record = "BEGIN INSERT INTO writes (sku, quantity) VALUES (NEW.sku, NEW.quantity); END";
  database.exec(`
    CREATE TABLE writes (number INTEGER PRIMARY KEY, sku TEXT, quantity INTEGER) STRICT;
    CREATE TRIGGER record_insert AFTER INSERT ON items ${record};
    CREATE TRIGGER record_update AFTER UPDATE ON items ${record};
  `);
  const select = database.prepare("SELECT sku, quantity FROM writes WHERE quantity <> ?");
  return (told) => audit(select.all(uncounted) as unknown as readonly Write[], told);
}

function audit(recorded: readonly Write[], told: readonly ToldWrites[]): Audit {
  const nameOf = ({ sku, quantity }: Write) => `${sku} ${quantity}`;
  const names = new Set<string>();
  const twice = recorded.filter((write) => names.size === names.add(nameOf(write)).size);
  const done = told.flatMap((writes) => writes.done);
  const possible = new Set([...done, ...told.flatMap(({ unknown }) => unknown)].map(nameOf));
  return {
    twice,
    lost: done.filter((write) => !names.has(nameOf(write))),
    stray: recorded.filter((write) => !possible.has(nameOf(write))),
  };
}
