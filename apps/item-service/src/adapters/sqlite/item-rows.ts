import type { Item } from "../../domain/item.ts";

/** The columns of an item, in the order of the table. */
export const itemColumns = [
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

/**
 * An item in the table. A type rather than an interface: what the driver takes and returns is an index
 * signature, and the table is STRICT, so the values are of these types.
 */
export type ItemRow = {
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

export function toRow(item: Item): ItemRow {
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

export function fromRow(row: ItemRow): Item {
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
