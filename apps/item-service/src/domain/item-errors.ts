import {
  AppError,
  ConflictError,
  NotFoundError,
  ValidationError,
} from "@grpc-kit/grpc-status/errors";

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

/** What one batch may have. */
export interface BatchLimits {
  readonly maxItems: number;
  readonly maxTextBytes: number;
}

/** A batch has more than one batch may have. */
export class BatchTooLargeError extends AppError {
  override readonly name = "BatchTooLargeError";

  constructor({ maxItems, maxTextBytes }: BatchLimits) {
    super(`a batch has at most ${maxItems} items and ${maxTextBytes} bytes of text`, {
      expose: true,
      metadata: { maxItems: String(maxItems), maxTextBytes: String(maxTextBytes) },
    });
  }
}

/** More items of a batch cannot be created than one answer can tell of. None was created. */
export class TooManyFailuresError extends AppError {
  override readonly name = "TooManyFailuresError";

  constructor(maxFailures: number) {
    super(`more than ${maxFailures} items of the batch cannot be created, so none was`, {
      expose: true,
      metadata: { maxFailures: String(maxFailures) },
    });
  }
}

/** A request came with the idempotency key of another one. */
export class IdempotencyKeyReusedError extends ValidationError {
  override readonly name = "IdempotencyKeyReusedError";

  constructor(key: string) {
    const description = `must be new for another request, got ${JSON.stringify(key)}`;
    super([{ field: "idempotency-key", description }]);
  }
}

/** The item has changed since the caller read it. */
export class ItemChangedError extends AppError {
  override readonly name = "ItemChangedError";

  constructor(id: string) {
    super(`the item ${id} has changed since it was read; read it again`, {
      expose: true,
      metadata: { id },
    });
  }
}
