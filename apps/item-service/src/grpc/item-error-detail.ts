import type { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import { type AppError, ValidationError } from "@grpc-kit/grpc-status";
import { SkuTakenError } from "../domain/item-errors.ts";

/** The error as a part of an answer. */
export function toErrorDetail(
  error: AppError,
  metadata: Map<string, string> = new Map(),
): ErrorDetail {
  return { code: error.name, message: error.message, field: fieldOf(error), metadata };
}

function fieldOf(error: AppError): string {
  if (error instanceof ValidationError) {
    return error.violations[0]?.field ?? "";
  }
  return error instanceof SkuTakenError ? "sku" : "";
}
