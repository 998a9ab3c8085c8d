import { AppError, ExternalServiceError, NotFoundError } from "@grpc-kit/grpc-status/errors";

/** The item service has no item with this sku. */
export class StockNotFoundError extends NotFoundError {
  override readonly name = "StockNotFoundError";

  constructor(sku: string) {
    super(`no item has the sku ${sku}`, { resource: { type: "stock", name: sku } });
  }
}

/** The stock file is not there, or cannot be read. Where it is, is not for callers. */
export class StockFileError extends AppError {
  override readonly name = "StockFileError";

  constructor(cause: unknown) {
    super("the stock file cannot be read", { cause, expose: true });
  }
}

/** The item service said that all is done before it was. */
export class SyncEndedEarlyError extends ExternalServiceError {
  override readonly name = "SyncEndedEarlyError";

  constructor() {
    super("the item service has ended the synchronisation before the end of the file");
  }
}
