/** What is wrong with one field of a request. */
export interface FieldViolation {
  /** The field by its name in the protocol: "page_size". */
  readonly field: string;
  /** What was expected and what came, for people. */
  readonly description: string;
}

/** A request that breaks the rules. It names every field that does, not just the first. */
export class InvalidItemError extends Error {
  override readonly name = "InvalidItemError";
  readonly violations: readonly FieldViolation[];

  constructor(violations: readonly FieldViolation[]) {
    super(violations.map(({ field, description }) => `${field}: ${description}`).join("; "));
    this.violations = violations;
  }
}

/** There is no item with this id. */
export class ItemNotFoundError extends Error {
  override readonly name = "ItemNotFoundError";
  readonly id: string;

  constructor(id: string) {
    super(`no item has the id ${id}`);
    this.id = id;
  }
}

/** Another item has this sku. */
export class SkuTakenError extends Error {
  override readonly name = "SkuTakenError";
  readonly sku: string;

  constructor(sku: string) {
    super(`another item has the sku ${sku}`);
    this.sku = sku;
  }
}

/** A batch has more items than one batch may have. */
export class BatchTooLargeError extends Error {
  override readonly name = "BatchTooLargeError";
  readonly maxItems: number;

  constructor(maxItems: number) {
    super(`a batch has at most ${maxItems} items`);
    this.maxItems = maxItems;
  }
}
