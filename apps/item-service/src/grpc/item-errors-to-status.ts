import { status } from "@grpc/grpc-js";
import { createErrorMapper, type ErrorToStatus, errorRule } from "@grpc-kit/grpc-status";
import { BatchTooLargeError } from "../domain/item-errors.ts";

/** How calls end that fail. The other errors of the domain extend classes that have their status. */
export const itemErrorToStatus: ErrorToStatus = createErrorMapper({
  rules: [errorRule(BatchTooLargeError, status.RESOURCE_EXHAUSTED)],
});
