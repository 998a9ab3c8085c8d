import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { itemChangesValidator, itemRules, newItemValidator } from "./item-rules.ts";

/** Something in stock. */
export interface Item {
  /** A UUID in lower case. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The stock keeping unit. No two items have the same. */
  readonly sku: string;
  readonly quantity: number;
  /** The price of one. */
  readonly price: number;
  /** Whether it is for sale. */
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a caller says of an item that does not exist yet. */
export interface NewItem {
  readonly name: string;
  readonly description: string;
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
  /** Default: true. */
  readonly isActive?: boolean | undefined;
}

/** What to change of an item. A field that is absent or undefined stays as it is. */
export type ItemChanges = { readonly [Field in keyof NewItem]?: NewItem[Field] | undefined };

/** What the caller of `createItem` decides, so that the rules here need no clock. */
export interface ItemOrigin {
  readonly id: string;
  readonly now: Date;
}

/** Makes an item. Throws ValidationError for fields that break the rules. */
export function createItem(newItem: NewItem, { id, now }: ItemOrigin): Item {
  newItemValidator.validate(newItem);
  const { name, description, sku, quantity, price, isActive = true } = newItem;
  return { id, name, description, sku, quantity, price, isActive, createdAt: now, updatedAt: now };
}

/**
 * The item with the changes made. It is the same object if it has all of them already, so that a request
 * that changes nothing does not count as a change. Throws ValidationError for fields that break the rules.
 */
export function changeItem(item: Item, changes: ItemChanges, now: Date): Item {
  itemChangesValidator.validate(changes);
  const changed = changeableFields.some(
    (field) => changes[field] !== undefined && changes[field] !== item[field],
  );
  if (!changed) {
    return item;
  }
  return {
    id: item.id,
    name: changes.name ?? item.name,
    description: changes.description ?? item.description,
    sku: changes.sku ?? item.sku,
    quantity: changes.quantity ?? item.quantity,
    price: changes.price ?? item.price,
    isActive: changes.isActive ?? item.isActive,
    createdAt: item.createdAt,
    updatedAt: now,
  };
}

const changeableFields = ["name", "description", "sku", "quantity", "price", "isActive"] as const;

/** Reads an item's id out of the request's field `field`. Throws ValidationError if it is no UUID. */
export function parseItemId(text: string, field = "id"): string {
  const { error } = itemRules.id.safeParse(text);
  if (error !== undefined) {
    throw new ValidationError(error.issues.map(({ message }) => ({ field, description: message })));
  }
  return text.toLowerCase();
}
