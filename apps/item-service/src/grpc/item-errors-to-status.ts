import { status } from "@grpc/grpc-js";
import { createErrorMapper, type ErrorToStatus, errorRule } from "@grpc-kit/grpc-status";
import {
  BatchTooLargeError,
  ItemChangedError,
  TooManyFailuresError,
} from "../domain/item-errors.ts";

/** How calls end that fail. The other errors of the domain extend classes that have their status. */
export const itemErrorToStatus: ErrorToStatus = createErrorMapper({
  rules: [
    errorRule(BatchTooLargeError, status.RESOURCE_EXHAUSTED),
    // The same batch fails again unless its items, or those that have their skus, are changed.
    errorRule(TooManyFailuresError, status.FAILED_PRECONDITION),
    // To read the item again and change that may succeed: https://google.aip.dev/154
    errorRule(ItemChangedError, status.ABORTED),
  ],
});
