import type { Item } from "../../domain/item.ts";
import { timeOf } from "./filter.ts";
import { type Statement, statement } from "./statement.ts";

interface StatementsByKey {
  readonly byId: Statement;
  readonly bySku: Statement;
}

// As numbers: how a time is written depends on settings of the server.
const millisecondsOf = (column: string): string =>
  `(extract(epoch FROM ${column}) * 1000)::float8 AS ${column}`;

/** What to select of an item. */
export const itemColumns: string = [
  ...["position", "id", "name", "description", "sku", "quantity", "price", "is_active"],
  ...["created_at", "updated_at"].map(millisecondsOf),
].join(", ");

/** An item as it is selected. A type, since the driver returns an index signature. */
export type ItemRow = {
  /** A bigint, which the driver returns as text. */
  position: string;
  id: string;
  name: string;
  description: string;
  sku: string;
  quantity: number;
  price: number;
  is_active: boolean;
  created_at: number;
  updated_at: number;
};

const written = "id, name, description, sku, quantity, price, is_active, created_at, updated_at";
const times = [timeOf("$8::float8"), timeOf("$9::float8")];
const values = ["$1", "$2", "$3", "$4", "$5", "$6", "$7", ...times].join(", ");

/** Selects an item. */
export const selectItem: StatementsByKey = {
  byId: statement("select-item-by-id", `SELECT ${itemColumns} FROM items WHERE id = $1`),
  bySku: statement("select-item-by-sku", `SELECT ${itemColumns} FROM items WHERE sku = $1`),
};

/** Selects an item, which nobody else changes before the transaction ends. */
export const lockItem: StatementsByKey = {
  byId: statement("lock-item-by-id", `SELECT ${itemColumns} FROM items WHERE id = $1 FOR UPDATE`),
  bySku: statement(
    "lock-item-by-sku",
    `SELECT ${itemColumns} FROM items WHERE sku = $1 FOR UPDATE`,
  ),
};

/** Inserts nothing if the sku is taken. */
export const insertItem: Statement = statement(
  "insert-item",
  `INSERT INTO items (${written}) VALUES (${values}) ON CONFLICT (sku) DO NOTHING`,
);

/** Inserts nothing if the id or the sku is taken. */
export const insertNewItem: Statement = statement(
  "insert-new-item",
  `INSERT INTO items (${written}) VALUES (${values}) ON CONFLICT DO NOTHING`,
);

/** Inserts, in order, those whose sku is not taken, and returns their ids. */
export const insertItems: Statement = statement(
  "insert-items",
  `INSERT INTO items (${written})
   SELECT id, name, description, sku, quantity, price, is_active,
     ${timeOf("created_at")}, ${timeOf("updated_at")}
   FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::float8[],
     $7::boolean[], $8::float8[], $9::float8[])
     WITH ORDINALITY AS new (${written}, ordinality)
   ORDER BY ordinality
   ON CONFLICT (sku) DO NOTHING RETURNING id`,
);

/** Replaces the item that has the id. */
export const updateItem: Statement = statement(
  "update-item",
  `UPDATE items SET (${written}) = ROW (${values}) WHERE id = $1`,
);

/** Deletes the item that has the id. */
export const deleteItem: Statement = statement("delete-item", "DELETE FROM items WHERE id = $1");

/** Selects items past a position, up to a number. */
export const listItems: Statement = statement(
  "list-items",
  `SELECT ${itemColumns} FROM items WHERE position > $1 ORDER BY position LIMIT $2`,
);

/** The values that the statements take which write an item, in their order. */
export function toValues(item: Item): readonly (string | number | boolean)[] {
  return [
    item.id,
    item.name,
    item.description,
    item.sku,
    item.quantity,
    item.price,
    item.isActive,
    item.createdAt.getTime(),
    item.updatedAt.getTime(),
  ];
}

/** The values of many items, one array for each column. */
export function toColumns(items: readonly Item[]): readonly unknown[][] {
  return [
    items.map(({ id }) => id),
    items.map(({ name }) => name),
    items.map(({ description }) => description),
    items.map(({ sku }) => sku),
    items.map(({ quantity }) => quantity),
    items.map(({ price }) => price),
    items.map(({ isActive }) => isActive),
    items.map(({ createdAt }) => createdAt.getTime()),
    items.map(({ updatedAt }) => updatedAt.getTime()),
  ];
}

/** The item that was selected. */
export function fromRow(row: ItemRow): Item {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    sku: row.sku,
    quantity: row.quantity,
    price: row.price,
    isActive: row.is_active,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
