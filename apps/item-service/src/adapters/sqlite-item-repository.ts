import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { ItemKey, ItemRepository } from "../application/item-repository.ts";
import type { Item } from "../domain/item.ts";
import { SkuTakenError } from "../domain/item-errors.ts";
import { inTransaction } from "./sqlite-database.ts";
import { sqliteErrorCode } from "./sqlite-error-code.ts";
import { toSqliteCondition } from "./sqlite-filter.ts";

const SQLITE_CONSTRAINT_UNIQUE = 2067;

const columns = [
  "id",
  "name",
  "description",
  "sku",
  "quantity",
  "price",
  "is_active",
  "created_at",
  "updated_at",
] as const;

// A type rather than an interface: what the driver takes and returns is an index signature, and the
// table is STRICT, so the values are of these types.
type ItemRow = {
  id: string;
  name: string;
  description: string;
  sku: string;
  quantity: number;
  price: number;
  is_active: number;
  created_at: number;
  updated_at: number;
};

/** What `createSqliteItemRepository` needs. */
export interface SqliteItemRepositoryDependencies {
  /** A migrated database. Who opened it closes it. */
  readonly database: DatabaseSync;
}

/** Keeps items in SQLite. */
export function createSqliteItemRepository({
  database,
}: SqliteItemRepositoryDependencies): ItemRepository {
  const selectById = database.prepare("SELECT * FROM items WHERE id = ?");
  const selectBySku = database.prepare("SELECT * FROM items WHERE sku = ?");
  const insertItem = database.prepare(
    `INSERT INTO items (${columns.join(", ")}) VALUES (${columns.map((name) => `:${name}`).join(", ")})
     ON CONFLICT (sku) DO NOTHING`,
  );
  const updateItem = database.prepare(
    `UPDATE items SET ${columns.map((name) => `${name} = :${name}`).join(", ")} WHERE id = :id`,
  );
  const deleteItem = database.prepare("DELETE FROM items WHERE id = ?");
  const secret = readOrCreateSecret(database);

  const find = (key: ItemKey): Item | undefined => {
    const row = "id" in key ? selectById.get(key.id) : selectBySku.get(key.sku);
    return row && fromRow(row as ItemRow);
  };
  const tryInsert = (item: Item): boolean => insertItem.run(toRow(item)).changes === 1;
  const insert = (item: Item): void => {
    if (!tryInsert(item)) {
      throw new SkuTakenError(item.sku);
    }
  };
  const update = (item: Item): void => {
    try {
      updateItem.run(toRow(item));
    } catch (error) {
      // The id stays, so only the sku can be taken.
      throw sqliteErrorCode(error) === SQLITE_CONSTRAINT_UNIQUE
        ? new SkuTakenError(item.sku)
        : error;
    }
  };

  return {
    async find(key) {
      return find(key);
    },
    async insert(item) {
      insert(item);
    },
    async insertMany(items) {
      return inTransaction(database, () => items.map(tryInsert));
    },
    async save(key, change) {
      return inTransaction(database, () => {
        const existing = find(key);
        const item = change(existing);
        (existing === undefined ? insert : update)(item);
        return item;
      });
    },
    async delete(id) {
      return deleteItem.run(id).changes === 1;
    },
    async list({ filter, after = 0, limit }) {
      const condition = filter && toSqliteCondition(filter);
      const rows = database
        .prepare(
          `SELECT * FROM items WHERE position > ? AND ${condition?.sql ?? "true"} ORDER BY position LIMIT ?`,
        )
        .all(after, ...(condition?.parameters ?? []), limit);
      return rows.map((row) => ({
        item: fromRow(row as ItemRow),
        position: Number(row.position),
      }));
    },
    async pageTokenSecret() {
      return secret;
    },
  };
}

function readOrCreateSecret(database: DatabaseSync): Uint8Array {
  database
    .prepare("INSERT INTO secrets (name, value) VALUES ('page-token', ?) ON CONFLICT DO NOTHING")
    .run(randomBytes(32));
  const row = database.prepare("SELECT value FROM secrets WHERE name = 'page-token'").get();
  return row?.value as Uint8Array;
}

function toRow(item: Item): ItemRow {
  return {
    id: item.id,
    name: item.name,
    description: item.description,
    sku: item.sku,
    quantity: item.quantity,
    price: item.price,
    is_active: Number(item.isActive),
    created_at: item.createdAt.getTime(),
    updated_at: item.updatedAt.getTime(),
  };
}

function fromRow(row: ItemRow): Item {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    sku: row.sku,
    quantity: row.quantity,
    price: row.price,
    isActive: row.is_active === 1,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
