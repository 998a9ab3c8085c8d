import { type FieldViolation, InvalidItemError } from "./item-errors.ts";
import { countCharacters, quote } from "./text.ts";

const QUANTITY_MAX = 2 ** 31 - 1;
const NAME_MAX = 200;
const DESCRIPTION_MAX = 2_000;

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

/** Makes an item. Throws InvalidItemError for fields that break the rules. */
export function createItem(newItem: NewItem, { id, now }: ItemOrigin): Item {
  checkFields(newItem);
  const { name, description, sku, quantity, price, isActive = true } = newItem;
  return { id, name, description, sku, quantity, price, isActive, createdAt: now, updatedAt: now };
}

/**
 * The item with the changes made. It is the same object if there are none, so that a request
 * without changes does not count as one. Throws InvalidItemError for fields that break the rules.
 */
export function changeItem(item: Item, changes: ItemChanges, now: Date): Item {
  checkFields(changes);
  const { name, description, sku, quantity, price, isActive } = changes;
  const changed = [name, description, sku, quantity, price, isActive];
  if (changed.every((value) => value === undefined)) {
    return item;
  }
  return {
    id: item.id,
    name: name ?? item.name,
    description: description ?? item.description,
    sku: sku ?? item.sku,
    quantity: quantity ?? item.quantity,
    price: price ?? item.price,
    isActive: isActive ?? item.isActive,
    createdAt: item.createdAt,
    updatedAt: now,
  };
}

/** Reads an item's id out of the request's field `field`. Throws InvalidItemError if it is no UUID. */
export function parseItemId(text: string, field = "id"): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new InvalidItemError([{ field, description: `must be a UUID, got ${quote(text)}` }]);
  }
  return text.toLowerCase();
}

function checkFields(fields: ItemChanges): void {
  const violations: FieldViolation[] = [];
  const check = <Value>(
    field: string,
    value: Value | undefined,
    fault: (value: Value) => string | undefined,
  ): void => {
    const description = value === undefined ? undefined : fault(value);
    if (description !== undefined) {
      violations.push({ field, description });
    }
  };
  check("name", fields.name, nameFault);
  check("description", fields.description, descriptionFault);
  check("sku", fields.sku, skuFault);
  check("quantity", fields.quantity, quantityFault);
  check("price", fields.price, priceFault);
  if (violations.length > 0) {
    throw new InvalidItemError(violations);
  }
}

function nameFault(name: string): string | undefined {
  const count = countCharacters(name);
  if (count < 1 || count > NAME_MAX) {
    return `must have 1 to ${NAME_MAX} characters, got ${count}`;
  }
  return name.trim() === "" ? `must not be blank, got ${quote(name)}` : textFault(name);
}

function descriptionFault(description: string): string | undefined {
  const count = countCharacters(description);
  return count > DESCRIPTION_MAX
    ? `must have at most ${DESCRIPTION_MAX} characters, got ${count}`
    : textFault(description);
}

// Databases keep neither: PostgreSQL refuses both, SQLite cuts or replaces them.
function textFault(text: string): string | undefined {
  return text.includes("\0") || !text.isWellFormed()
    ? `must be Unicode text without U+0000, got ${quote(text)}`
    : undefined;
}

function skuFault(sku: string): string | undefined {
  return /^[A-Za-z0-9._-]{1,64}$/.test(sku)
    ? undefined
    : `must have 1 to 64 of A-Z a-z 0-9 . _ -, got ${quote(sku)}`;
}

function quantityFault(quantity: number): string | undefined {
  return Number.isInteger(quantity) && quantity >= 0 && quantity <= QUANTITY_MAX
    ? undefined
    : `must be an integer from 0 to ${QUANTITY_MAX}, got ${quantity}`;
}

function priceFault(price: number): string | undefined {
  return Number.isFinite(price) && price >= 0
    ? undefined
    : `must be a finite number of 0 or more, got ${price}`;
}
