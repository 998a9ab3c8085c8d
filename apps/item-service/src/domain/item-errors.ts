import { AppError, ConflictError, NotFoundError } from "@grpc-kit/grpc-status/errors";

/** There is no item with this id. */
export class ItemNotFoundError extends NotFoundError {
  override readonly name = "ItemNotFoundError";

  constructor(id: string) {
    super(`no item has the id ${id}`, { resource: { type: "item", name: id } });
  }
}

/** Another item has this sku. */
export class SkuTakenError extends ConflictError {
  override readonly name = "SkuTakenError";

  constructor(sku: string) {
    super(`another item has the sku ${sku}`, { metadata: { sku } });
  }
}

/** A batch has more items than one batch may have. */
export class BatchTooLargeError extends AppError {
  override readonly name = "BatchTooLargeError";

  constructor(maxItems: number) {
    super(`a batch has at most ${maxItems} items`, {
      expose: true,
      metadata: { maxItems: String(maxItems) },
    });
  }
}
