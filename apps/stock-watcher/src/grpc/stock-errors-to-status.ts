import { Metadata, status } from "@grpc/grpc-js";
import {
  createErrorMapper,
  type ErrorToStatus,
  errorRule,
  isGrpcCallError,
  StatusError,
  setRetryPushback,
} from "@grpc-kit/grpc-status";
import { StockFileError } from "../application/stock-errors.ts";

/** How calls end that fail. */
export const stockErrorToStatus: ErrorToStatus = createErrorMapper({
  rules: [
    errorRule(StockFileError, status.FAILED_PRECONDITION),
    (error) =>
      isGrpcCallError(error) && error.code === status.UNAVAILABLE
        ? itemServiceUnavailable(error)
        : undefined,
  ],
});

// The client has tried again already. If callers did so too, their attempts would multiply, so they are
// asked not to: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
function itemServiceUnavailable(cause: unknown): StatusError {
  const metadata = new Metadata();
  setRetryPushback(metadata, Number.POSITIVE_INFINITY);
  const details = "the item service cannot be reached; try again later";
  return new StatusError(status.UNAVAILABLE, details, { cause, metadata });
}
